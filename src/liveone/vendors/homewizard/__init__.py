"""HomeWizard Energy on the local network: the P1 meter, kWh meters and energy sockets (API v1)."""
