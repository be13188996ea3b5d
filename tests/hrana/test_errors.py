"""What the server says becomes the right error: by its code, wherever it says it."""

import pytest
from tests.store.proxy import EXPIRED

from hrana.errors import Blocked, ConstraintFailed, Missing, Refused, StreamExpired, refused, refused_request


def test_an_expired_stream_is_told_by_a_refusal_of_the_whole_request() -> None:
    """As sqld 0.24.32 answers it: status 400, its error in the body."""
    found = refused_request(400, EXPIRED, "db")
    assert isinstance(found, StreamExpired)
    assert found.retryable
    assert found.acted is False
    assert "rolled back" in str(found)


@pytest.mark.parametrize("body", [b"Received an invalid baton", b"[]", b'{"error": "what?"}', b""])
def test_any_other_refusal_of_the_whole_request_is_shown(body: bytes) -> None:
    found = refused_request(400, body, "db")
    assert type(found) is Refused
    assert body.decode() in str(found)


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("BLOCKED", "Operation was blocked: a reason", Blocked),
        ("SQLITE_CONSTRAINT", "SQLite error: UNIQUE constraint failed: guests.blocked", ConstraintFailed),
        ("SQL_INPUT_ERROR", "SQL input error: no such table: blocked_guests (at offset 7)", Missing),
    ],
)
def test_a_name_in_a_message_says_nothing_of_the_server(code: str, message: str, kind: type[Refused]) -> None:
    assert type(refused({"code": code, "message": message}, "db")) is kind
