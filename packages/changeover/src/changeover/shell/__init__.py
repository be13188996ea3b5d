"""What a shell script says: its commands, which of them speak to a database, and which files they write.

Rule: nothing is run and nothing is expanded; what depends on a value that only a shell knows is said to be
computed. `adopt` translates by it, `check` refuses by it what would change a database behind the engine.
"""
