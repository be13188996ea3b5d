"""Where objects meet: settings become database, vendors, collector and application.

Rule: nothing is computed here; whoever needs two layers that do not know each other gets them joined here.
"""
