"""Makes one change to one database: it is judged, guarded and proven inside its transaction, or not made.

Rule: what must hold is a `Rule`, SQL that selects what breaks it. COMMIT comes only if no rule selects a row.
"""
