"""Shelly energy meters: EM and 3EM (first generation, ``/status``), Pro and Gen2 to 4 (RPC)."""
