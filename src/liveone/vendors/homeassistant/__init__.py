"""Home Assistant: entities that an owner chooses, by its WebSocket API, and its statistics as history."""
