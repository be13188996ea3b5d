"""What `liveone vendor new` begins with: an adapter in a package of its own, as templates."""
