"""A secret is hidden in every form in which a program, a report or a terminal writes it."""

import base64
import json
import re
import shlex
import subprocess
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.sample import AT_LENGTH

from changeover.plan.expect import difference, read_expect
from changeover.plan.redaction import Redactor
from changeover.problems import Position

AWKWARD = 'it\'s a "pass" w\u00f6rd $1 & more+'
TRACED = """set -x
: "$TOKEN" -- "auth=$TOKEN"
printf "%q" "$TOKEN"
printf "%s" "$TOKEN" | od -An -tx1 | tr -d " \\n"
"""
SECRETS = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f"), min_size=6, max_size=30
)


def wrapped(text: str, width: int) -> str:
    """The text in lines of a width, not a sign lost."""
    return "\n".join(text[at : at + width] for at in range(0, len(text), width))


def forms(secret: str) -> dict[str, str]:
    """A secret as it is written by many."""
    basic = f"user:{secret}".encode()
    return {
        "as it is": secret,
        "percent": quote(secret, safe=""),
        "percent, lower case": re.sub(r"%[0-9A-F]{2}", lambda m: m[0].lower(), quote(secret, safe="")),
        "form": quote_plus(secret),
        "json": json.dumps(secret),
        "json, unicode": json.dumps(secret, ensure_ascii=False),
        "python": repr(secret),
        "shell": shlex.quote(secret),
        "sql": secret.replace("'", "''"),
        "hex": secret.encode().hex(),
        "HEX": secret.encode().hex().upper(),
        "hex with colons": secret.encode().hex(":"),
        "hex as od writes it": secret.encode().hex(" ", 2),
        "HEX with dashes": secret.encode().hex("-").upper(),
        "hex as C writes it": ", ".join(f"0x{byte:02x}" for byte in secret.encode()),
        "hex dump": wrapped(secret.encode().hex(" "), 12),
        "bytes": str(list(secret.encode())),
        "percent, every sign": "".join(f"%{byte:02X}" for byte in secret.encode()),
        "percent of percent": quote(quote(secret, safe=""), safe=""),
        "javascript": "".join(f"\\u{{{ord(char):x}}}" for char in secret),
        "base32": base64.b32encode(secret.encode()).decode(),
        "base64": base64.b64encode(secret.encode()).decode(),
        "base64 of a login": base64.b64encode(basic).decode(),
        "base64 for urls": base64.urlsafe_b64encode(b"u:" + secret.encode()).decode(),
        "visible spaces": secret.replace(" ", "\u00b7"),
        "wrapped": wrapped(secret, 4),
        "wrapped base64": wrapped(base64.b64encode(secret.encode()).decode(), 5),
    }  # fmt: skip


@settings(max_examples=200 if AT_LENGTH else 25)
@given(SECRETS)
@example(AWKWARD)
@example("a/b c&d\\e")
def test_a_secret_is_hidden_in_every_form_it_travels_in(secret: str) -> None:
    redactor = Redactor({"TOKEN": secret})
    for name, form in forms(secret).items():
        shown = redactor.hide(f"<{form}>")
        assert "[TOKEN]" in shown, name
    shown_all = redactor.hide_all({"k": [secret, {"x": f"around {secret}"}], secret: 1})
    assert "[TOKEN]" in json.dumps(shown_all)


@pytest.mark.parametrize(
    "secret", [AWKWARD, "plain-secret", "two words", "tab\tand 'quote'", "back\\slash `x`"]
)
def test_what_a_shell_traces_shows_no_secret(secret: str) -> None:
    done = subprocess.run(
        ["bash", "-c", TRACED],
        env={"TOKEN": secret, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    said = Redactor({"TOKEN": secret}).hide(done.stderr + done.stdout)
    assert said.count("[TOKEN]") >= 4
    for word in ("pass", "plain", "words", "quote", "slash"):
        assert word not in said


def test_other_text_is_left_as_it_is() -> None:
    text = "12 rows of orders, 3 of lines: 2025-08-20 10:00:00 +10:00 [ok]\nit's all 'right'\n"
    assert Redactor({"TOKEN": AWKWARD, "OTHER": "hunter22"}).hide(text) == text
    assert Redactor({}).hide(text) == text


def test_of_two_secrets_the_longer_one_is_named() -> None:
    assert Redactor({"A": "hunter22", "B": "hunter22-more"}).hide("x hunter22-more hunter22") == "x [B] [A]"


def test_a_difference_that_marks_spaces_or_is_cut_shows_no_secret() -> None:
    secret = "open sesame twice"
    hide = Redactor({"TOKEN": secret}).hide
    exact = read_expect(f"key {secret}", "exact", Position("PLAN.md", 1))
    said = difference(exact, f"key {secret} ", hide=hide)
    assert "[TOKEN]" in said
    assert "sesame" not in said.replace("\u00b7", " ")
    empty = read_expect("", "empty", Position("PLAN.md", 1))
    assert "open" not in difference(empty, "x" * 490 + secret, hide=hide)
