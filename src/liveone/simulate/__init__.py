"""A portal that speaks select.live's protocol, and houses to put behind it."""
