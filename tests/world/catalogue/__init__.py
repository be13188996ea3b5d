"""The applications whose databases are migrated, and the migrations: at least two of different kinds each.

Rule: a database is made by the application itself, in a virtual environment of its own (`environments`), and the
application opens it again afterwards.
"""

from tests.world.catalogue import anki, calibre, django, home_assistant, mlflow, notes, places

MIGRATIONS = (
    *django.MIGRATIONS,
    *anki.MIGRATIONS,
    *calibre.MIGRATIONS,
    *places.MIGRATIONS,
    *home_assistant.MIGRATIONS,
    *mlflow.MIGRATIONS,
    *notes.MIGRATIONS,
)
