"""Readings and days sent on to others: InfluxDB, and webhooks.

Rule: the database is the queue. A file remembers up to which row everything was sent, so nothing is lost by a
restart or a receiver that is away for a week, no disk fills up, and polling never waits.
"""
