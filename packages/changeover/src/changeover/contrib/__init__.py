"""Bridges to what applications have: a pytest plug-in, Django's migrations, Alembic's."""
