"""What was: which window and fields are asked for, and one value an interval, null for a gap."""
