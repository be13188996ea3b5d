"""The HTTP API and the pages; async, knows the store and the domain."""
