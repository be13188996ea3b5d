"""The report of a run: gathered once (`page`), written as Markdown and as one self-contained page of HTML."""
