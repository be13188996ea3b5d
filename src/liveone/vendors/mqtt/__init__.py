"""Devices and programs that tell their values by an MQTT broker: which topic, and which value in it, is
what: by an owner's words or by a preset."""
