"""A pretended select.live: a portal that speaks the vendor's protocol, and houses to stand behind it."""
