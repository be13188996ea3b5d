"""Inputs that are nearly right: the parts of sound ones gone, doubled, moved or replaced."""

import copy
import re
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

JUNK = st.sampled_from(
    [None, True, "", "x", "1e999", -1, 10**30, 1e308, float("nan"), [], [None], {}, {"a": 1}]
)
"""What may stand in JSON in the place of something else."""
ODD = (
    *(
        "",
        "\0",
        "\n",
        "\r",
        "\t",
        " ",
        "-",
        "--",
        "---",
        "'",
        '"',
        '"""',
        "`",
        "```",
        "\\",
        "(",
        ")",
        "{",
        "}",
    ),
    *(
        "[",
        "]",
        "[[",
        "${",
        "$(",
        "#",
        ";",
        ",",
        ".",
        ":",
        "=",
        "/",
        "%",
        "%00",
        "&",
        "*",
        "+",
        "!",
        "?",
        "<",
        ">",
    ),
    *(
        "|",
        "~",
        "@",
        "0",
        "-1",
        "٣",
        "1e999",
        "9" * 30,
        "9" * 5000,
        "NaN",
        "null",
        "\ud800",
        "\ufeff",
        "é",
        "😀",
    ),
    *("[" * 3000, "(" * 3000, "{" * 3000, "a" * 300),
)
"""What may stand in a text: signs that mean something somewhere, and much of them."""
_PIECE = re.compile(r"\w+|\W", re.DOTALL)


@st.composite
def texts(draw: st.DrawFn, samples: Sequence[str]) -> str:
    """A sample with up to eight of its pieces gone, doubled, replaced or moved; or nothing but pieces."""
    pieces = _PIECE.findall(draw(st.sampled_from(samples)))
    known = st.sampled_from(pieces) if pieces else st.just("")
    anything = known | st.sampled_from(ODD) | st.text(max_size=4)
    if draw(st.integers(0, 9)) == 0:
        return "".join(draw(st.lists(anything, max_size=30)))
    for _ in range(draw(st.integers(0, 8))):
        at = draw(st.integers(0, len(pieces)))
        match draw(st.sampled_from(("gone", "in", "instead", "cut", "moved"))):
            case "gone":
                del pieces[at : at + draw(st.integers(1, 5))]
            case "in":
                pieces.insert(at, draw(anything))
            case "instead":
                pieces[at : at + 1] = [draw(anything)]
            case "cut":
                del pieces[at:]
            case _:
                pieces[at:at], pieces[:3] = pieces[:3], []
    return "".join(pieces)


def octets(samples: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """As ``texts``, for bytes; or any bytes."""
    as_text = [sample.decode("latin-1") for sample in samples]
    return (
        texts(as_text).map(lambda text: text.encode("utf-8", "replace"))
        | st.builds(
            _changed,
            st.sampled_from(list(samples)),
            st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=6),
        )
        | st.binary(max_size=80)
    )


def _changed(sample: bytes, changes: list[tuple[int, int]]) -> bytes:
    found = bytearray(sample)
    for at, value in changes:
        if found:
            found[at % len(found)] = value
    return bytes(found)


@st.composite
def documents(draw: st.DrawFn, samples: Sequence[Any]) -> Any:
    """A copy of a JSON document with up to five of its parts gone, doubled or replaced."""
    changed: Any = [copy.deepcopy(draw(st.sampled_from(list(samples))))]
    for _ in range(draw(st.integers(0, 5))):
        found = list(places(changed))
        if not found:
            break
        place = found[draw(st.integers(0, len(found) - 1))]
        within = changed
        for key in place[:-1]:
            within = within[key]
        how = draw(st.sampled_from(["gone", "doubled", "replaced"]))
        if how == "gone" and len(place) > 1:
            del within[place[-1]]
        elif how == "doubled" and isinstance(within, list):
            within.append(copy.deepcopy(within[place[-1]]))
        else:
            within[place[-1]] = copy.deepcopy(draw(JUNK))
    return changed[0]


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where everything is in a document, objects and lists too."""
    if place:
        yield place
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*place, key))
