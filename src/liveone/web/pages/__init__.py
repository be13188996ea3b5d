"""The pages as the server sends them: a template, the reader's language, a first snapshot, static files."""
