"""One changing script against one database: judged, guarded, proven inside its transaction, or not done.

Rule: what must hold is a `Rule`: SQL that selects what breaks it. COMMIT comes only when none selects a row.
"""
