"""The `liveone` command: one file a group of commands."""
