"""Text from a portal cannot hold up the process: what is looked at is bounded, and nothing hidden shows."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from liveone.vendors.base import ProtocolViolation
from liveone.vendors.redact import ANSWER_MAX, HIDDEN, redact_json, redact_text
from liveone.vendors.selectlive.pages import device_name, sites_of, system_info
from liveone.vendors.selectlive.parse import parse_poll

SAMPLED_AT = 1_755_475_200
LONG = ("a", "a.", "a@", "%40", "<script ", "<style><", "<!--", "<!-- --", "password=", "9", "&#", '{"', "\\")


def grows(work: Callable[[str], Any], letters: str) -> float:
    """How many times longer ``work`` takes for twenty times the text."""

    def least_s(repeats: int) -> float:
        def once_s() -> float:
            began_s = time.thread_time()
            work(letters * repeats)
            return time.thread_time() - began_s

        return min(once_s() for _ in range(3))

    return least_s(40_000 // len(letters)) / max(least_s(2_000 // len(letters)), 1e-4)


def polled(text: str) -> Any:
    items = {"timestamp": SAMPLED_AT, "load_w": 1, **{f"x{n}": text[n:] for n in range(5)}}
    return parse_poll(json.dumps({"items": items}), memory={}, grid_sign="auto", now_at=SAMPLED_AT + 5.0)


@pytest.mark.parametrize("letters", LONG)
@pytest.mark.parametrize("work", [redact_text, system_info, polled], ids=lambda work: work.__name__)
def test_twenty_times_the_text_takes_hardly_more_than_twenty_times_as_long(
    work: Callable[[str], Any], letters: str
) -> None:
    assert grows(work, letters) < 100


def test_a_valid_answer_of_a_hundred_kilobytes_is_a_reading_and_little_of_it_is_kept() -> None:
    poll = polled("a" * 20_000)
    assert poll.reading.load_w == 1
    assert len(json.dumps(poll.raw)) < ANSWER_MAX


def test_of_a_million_small_values_only_the_beginning_is_kept() -> None:
    kept = redact_json({"items": {f"key{n}": n for n in range(100_000)}, "list": [1] * 100_000})
    assert 1_000 < len(json.dumps(kept)) < 2 * ANSWER_MAX


@pytest.mark.parametrize("at", [3_000, 3_995, 4_495, 4_499, 19_990])
@pytest.mark.parametrize("secret", ["resident@home.example", "correct horse battery staple", "x" * 900])
def test_a_secret_is_not_shown_wherever_the_text_is_cut(secret: str, at: int) -> None:
    shown = redact_text("-" * at + " " + secret + " " + "-" * 20_000, [secret], longest=30_000)
    assert not any(secret[start : start + 6] in shown for start in range(len(secret) - 5))


@pytest.mark.parametrize(
    "text",
    [
        "resident@home.example",
        "<a href='mailto:resident@home.example'>",
        "email=resident%40home.example&x=1",
        "resident&#64;home.example",
        "a.b-c+resident@home.example,resident@home.example",
        '{"user":"resident@home.example"}',
        "@resident@home.example",
    ],
)
def test_an_address_is_hidden_in_whatever_it_stands(text: str) -> None:
    shown = redact_text(text)
    assert "resident" not in shown
    assert HIDDEN in shown


def test_a_password_behind_an_address_is_hidden_too() -> None:
    assert "hunter2" not in redact_text("email=resident@home.example&pwd=hunter2")


def test_character_references_with_thousands_of_digits_are_no_error() -> None:
    assert system_info("<b>SP PRO Model:</b><b>&#" + "9" * 50_000 + ";</b>").model


def test_scripts_and_comments_are_not_read_and_an_unclosed_one_hides_the_rest() -> None:
    page = "<SCRIPT>SP PRO Model: wrong</sCript ><!-- SP PRO Model: wrong --><b>SP PRO Model:</b> SPMC482"
    assert system_info(page).model == "SPMC482"
    assert system_info("<!-- " + page).model == "SPMC482"
    assert system_info("<style>" + page.replace("<!--", "")).model is None


def test_names_and_ids_of_sites_are_bounded() -> None:
    (site,) = sites_of({"systems": [{"did": "7" * 100_000, "name": "n" * 100_000}]}, "select.live")
    assert len(site.vendor_site_id) <= 100
    assert len(site.name) <= 100
    assert len(device_name({"name": "n" * 100_000}, "0" * 32)) <= 100


@pytest.mark.parametrize("digits", ["9" * 900_000, "1." + "9" * 900_000, "9" * 4_300, "1e999999"])
def test_a_number_of_any_length_is_refused_or_absent(digits: str) -> None:
    body = '{"items": {"timestamp": %d, "load_w": %s}}' % (SAMPLED_AT, digits)  # noqa: UP031
    with suppress(ProtocolViolation):
        poll = parse_poll(body, memory={}, grid_sign="auto", now_at=SAMPLED_AT + 5.0)
        assert poll.reading.load_w in (None, 2)
