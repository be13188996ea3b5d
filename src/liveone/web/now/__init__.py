"""The present: the newest reading, today so far, health, metrics, and the event stream."""
