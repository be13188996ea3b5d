"""Fronius inverters with a Datamanager or of the Gen24 kind: the Solar API v1, on the local network."""
