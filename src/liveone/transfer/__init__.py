"""Readings in and out of files: CSV and JSON."""
