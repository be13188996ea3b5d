"""Everything that knows SQL: drivers behind one protocol, generations, named queries."""
