"""History: reads which window and fields are asked for, and gives one value an interval, null for a gap."""
