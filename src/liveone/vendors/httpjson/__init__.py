"""Anything that answers GET with JSON: the owner says where in it each value stands, by JSONPath (RFC
9535)."""
