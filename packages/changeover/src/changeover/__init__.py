"""changeover: carries out production SQLite migrations from an executable Markdown plan.

A changeover switch moves a house from one supply to another without the lights going out.
"""

__version__ = "0.1.0"
