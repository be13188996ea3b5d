"""What LiveOne tells others by MQTT: the newest reading of each system, and what it is, for Home
Assistant."""
