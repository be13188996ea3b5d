"""What stands on a local network: looked for only when asked, only where the owner says, bounded in count and
time."""
