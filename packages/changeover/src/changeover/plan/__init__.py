"""The document as data: a Markdown file is read into a frozen plan, or into every fault that it has.

Rule: nothing here opens a database or runs a command, and every value knows the line that it came from.
"""
