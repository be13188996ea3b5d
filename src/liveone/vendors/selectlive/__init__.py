"""Selectronic SP PRO inverters, through the select.live portal or their own box on the LAN."""
