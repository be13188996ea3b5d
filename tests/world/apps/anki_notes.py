"""A collection of Anki, made and checked by Anki itself: `make PATH ROWS`, `check PATH`."""

import sys

from anki.collection import Collection

verb, path = sys.argv[1:3]
collection = Collection(path)
try:
    model = collection.models.by_name("Basic")
    deck = collection.decks.id("Deutsch")
    if verb == "make":
        for number in range(int(sys.argv[3])):
            note = collection.new_note(model)
            note.fields = [f"Wort {number} größer", f"word {number}"]
            note.tags = [f"t{number % 7}", "Ä"]
            collection.add_note(note, deck)
        collection.decks.id("deutsch::Ämter")
    else:
        note = collection.new_note(model)
        note.fields = ["geprüft", "checked"]
        collection.add_note(note, deck)
        assert collection.find_notes("geprüft"), "the search does not find the new note"
        assert collection.find_notes("tag:t1"), "the search by tag finds nothing"
        collection.fix_integrity()  # Rows that others wrote beside are not as Anki would write them.
        text, is_fine = collection.fix_integrity()
        assert is_fine, text
        collection.remove_notes([note.id])
finally:
    collection.close()
