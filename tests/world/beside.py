"""Another process that writes while a database is migrated, with Python's own patience of five seconds.

    python beside.py DATABASE ACKNOWLEDGED STOP SQL

Writes until the file STOP is there; each mark that was committed is a line of ACKNOWLEDGED, with the seconds that its
write took. A write that is refused is a line that begins with `refused`. Functions of the application stand in
functions.py beside the database.
"""

import runpy
import sqlite3
import sys
import time
from pathlib import Path

database, acknowledged, stop, sql = sys.argv[1:5]
functions = Path(database).with_name("functions.py")
register = runpy.run_path(str(functions))["register"] if functions.is_file() else lambda connection: None
number = 0
with open(acknowledged, "a", buffering=1) as told:
    while not Path(stop).exists() and number < 20_000:
        number += 1
        mark = f"beside-{Path(acknowledged).stem}-{number}"
        began_s = time.monotonic()
        try:
            connection = sqlite3.connect(database)
            register(connection)
            with connection:
                connection.execute(sql, {"mark": mark})
            connection.close()
        except sqlite3.Error as error:
            told.write(f"refused {error}\n")
        else:
            told.write(f"{mark} {time.monotonic() - began_s:.6f}\n")
        time.sleep(0.02)
