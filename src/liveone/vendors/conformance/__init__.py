"""What adapters are held to: ``kit`` holds the tests, ``device`` what they run against."""
