"""Every parser of what others write: whatever comes, it gives a value or raises an error that it declares, in
a time that grows with the text and not with its square.

``make test`` tries some inputs of each, ``make length`` many. `python -m benchmarks.fuzz` looks for more, led
by what they cover.
"""

import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.mangled import ODD, documents, octets, texts
from tests.parsers import DOCUMENTS, OCTETS, PARSERS, TEXTS, Parser
from tests.sample import AT_LENGTH, drawn

TRIED = 2000 if AT_LENGTH else 30
INPUTS = {parser.name: texts(parser.samples) for parser in TEXTS}
INPUTS |= {parser.name: octets(parser.samples) for parser in OCTETS}
INPUTS |= {parser.name: documents(parser.samples) for parser in DOCUMENTS}
SHORT, LONG = 1_000, 16_000
NOTICED_S = 0.02
OF_TOML = {"register map"}
"""Python's tomllib takes the square of the dots in a key; a register map is a file of the owner's own."""
GROWTH_MAX = 80
"""For 16 times the text; with the square of it the time would be 256 times as long."""


def named(parser: Parser) -> str:
    return parser.name.replace(" ", "-")


@pytest.mark.parametrize("parser", PARSERS, ids=named)
def test_a_sound_sample_is_read(parser: Parser) -> None:
    """Else the others would only prove that everything is refused."""
    for sample in parser.samples:
        parser.read(sample)


@pytest.mark.parametrize("parser", PARSERS, ids=named)
@settings(max_examples=TRIED)
@given(data=st.data())
def test_whatever_comes_is_a_value_or_a_declared_error(parser: Parser, data: st.DataObject) -> None:
    with suppress(*parser.declared):
        parser.read(data.draw(INPUTS[parser.name]))


@pytest.mark.sampled
@pytest.mark.parametrize("parser", [one for one in (*TEXTS, *OCTETS) if one.name not in OF_TOML], ids=named)
def test_twice_the_text_takes_hardly_more_than_twice_as_long(parser: Parser) -> None:
    for again in drawn(repeated(parser), 6):
        for before in (parser.samples[0][:0], parser.samples[0]):
            taken = [_took_s(parser, before, again, signs) for signs in (LONG, SHORT)]
            assert taken[0] < NOTICED_S or taken[0] < GROWTH_MAX * max(taken[1], 1e-4), (before, again, taken)


def repeated(parser: Parser) -> list[Any]:
    """What a hostile text may repeat: signs and words of the samples, pairs of them, and odd ones."""
    sample = max(parser.samples, key=len)
    signs = sorted({sample[at : at + 1] for at in range(len(sample))})
    words = sample.split()[:20]
    odd = [each.encode("utf-8", "replace") if isinstance(sample, bytes) else each for each in ODD if each]
    pairs = [first + second for first in signs[:12] for second in signs[:12] if first != second]
    return [*signs, *words, *pairs, *odd, sample]


def _took_s(parser: Parser, before: Any, again: Any, signs: int) -> float:
    given_text = before + again * (signs // len(again) + 1)

    def once_s() -> float:
        began_s = time.thread_time()
        with suppress(*parser.declared):
            parser.read(given_text)
        return time.thread_time() - began_s

    return min(once_s() for _ in range(2))
