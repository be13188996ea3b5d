"""What OpenAPI says of the API. Documentation only: answers are built elsewhere, and a test compares."""
