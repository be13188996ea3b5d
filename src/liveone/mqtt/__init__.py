"""One connection to an MQTT broker, for sources that come in by it and for what LiveOne tells by it."""
