"""Polling, recording and closing days; async, knows vendors and the store."""
