"""Whether an account id is real: one question, asked of a file or of an identity provider."""
