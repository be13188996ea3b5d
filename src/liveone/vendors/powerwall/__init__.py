"""Tesla Powerwall gateways, by the API on the local network."""
