"""Adapters to the makers of inverters: one folder a brand, one protocol (base.Vendor)."""
