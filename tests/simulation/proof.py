"""The proof at the end of a simulated month."""
