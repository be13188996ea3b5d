"""The root of LiveOne's error tree: every error says whether to retry and what an operator should do.

LiveOneError
├── ConfigError                 a setting is missing, unknown or wrong (config)
├── BadInput                    a file or argument a person gave cannot be used (transfer, cli)
├── vendors.base.VendorError    the outside world of inverters and portals
└── store.database.StoreError   the database
"""

from collections.abc import Mapping
from typing import Any


class Sentence(str):
    """A sentence for people, in English, that remembers of what it was made: pages say it in other languages.

    ``template`` has blanks in braces, which ``params`` fill: text, numbers, or sentences themselves.
    """

    template: str
    params: Mapping[str, Any]


def sentence(template: str, **params: Any) -> Sentence:
    """The template with its blanks filled; whole numbers with their thousands apart."""
    made = Sentence(template.format_map({name: _text(value) for name, value in params.items()}))
    made.template, made.params = template, params
    return made


def said(error: Exception) -> str:
    """What an error says, as the sentence that it was given where it was given one."""
    first = error.args[0] if error.args else ""
    return first if isinstance(first, Sentence) or isinstance(error, LiveOneError) else str(error)


def renamed(text: str, old: str, new: str) -> str:
    """A sentence in which what is called ``old`` is called ``new``."""
    if not isinstance(text, Sentence):
        return text.replace(old, new)
    params = text.params.items()
    return sentence(
        text.template,
        **{name: value if _is_number(value) else renamed(_text(value), old, new) for name, value in params},
    )


def parts_of(text: str) -> dict[str, Any]:
    """A sentence as data: its template, and its params, sentences among them likewise."""
    if not isinstance(text, Sentence):
        return {"template": text, "params": {}}
    params = {name: _part_of(value) for name, value in text.params.items()}
    return {"template": text.template, "params": params}


def _is_number(value: object) -> bool:
    return type(value) in (int, float)


def _text(value: Any) -> str:
    if _is_number(value):
        return f"{value:,}" if type(value) is int else f"{value:g}"
    text = value if isinstance(value, str) else str(value)
    return text if isinstance(text, Sentence) or text.isprintable() else on_one_line(text)


def on_one_line(text: str) -> str:
    """Text from elsewhere may hold ends of lines and codes that a terminal obeys: they are written out."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _part_of(value: Any) -> Any:
    if isinstance(value, Sentence):
        return parts_of(value)
    return value if _is_number(value) else str(value)


class LiveOneError(Exception):
    """An error that a stranger can act on.

    ``retryable`` answers "may the same call be made again and succeed?", ``hint`` "what should the
    operator do?". The text of the error itself says what happened and where.
    """

    retryable = False
    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message}\n  {self.hint}" if self.hint else message


class ConfigError(LiveOneError):
    """A setting is missing, unknown or wrong; the message names the file and the key."""

    exit_code = 2


class BadInput(LiveOneError):
    """A file or an argument that a person gave cannot be used; the message says where and why."""

    exit_code = 2
