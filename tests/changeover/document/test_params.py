"""Parameters are values, never code; secrets come from the environment and are seen nowhere."""

import json
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.database.change import transaction
from changeover.errors import BadParameter
from changeover.plan.model import Plan
from changeover.plan.params import BoundParameters, bind
from changeover.plan.read import read_text

HEADER = """---
database: ${db}
parameters:
  db: {env: SHOP_DB, default: shop.db}
  app: {default: "http://127.0.0.1:1"}
  owner: {kind: map, required: true, pattern: "user_\\\\w+"}
  TOKEN: {secret: true, help: "the token"}
  note: {help: "optional"}
---
# T
## After
```http {}
GET ${app}/${note}?x=${UNDECLARED}
Authorization: Bearer ${TOKEN}
200
```
"""


def plan() -> Plan:
    found, problems = read_text(HEADER, Path("PLAN.md"))
    assert problems == []
    assert found is not None
    return found


ENVIRONMENT = {"TOKEN": "s3cr3t/t o k", "UNDECLARED": "whispered"}


def bound(*settings: str) -> BoundParameters:
    return bind(plan(), ["owner.simon=user_1", *settings], ENVIRONMENT)


def test_a_value_is_set_then_from_the_environment_then_the_default() -> None:
    assert bound().expand("${db}") == "shop.db"
    assert bind(plan(), ["owner.a=user_1"], {**ENVIRONMENT, "SHOP_DB": "e.db"}).expand("${db}") == "e.db"
    assert bound("db=s.db").expand("${db}") == "s.db"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["ownr.simon=user_1"], "no such parameter"),
        (["owner=user_1"], "write --set owner.KEY=VALUE"),
        (["owner.simon=account"], "does not match"),
        (["owner.simon=user_xxx"], "is a placeholder"),
        (["owner.simon="], "is a placeholder"),
        (["owner.simon=REPLACE_ME"], "is a placeholder"),
        (["owner.simon=user_1", "owner.simon=user_2"], "given twice"),
        (["owner.simon=user_1", "TOKEN=abcdef"], "from the environment only"),
        ([], "owner is missing: --set owner.KEY=VALUE"),
    ],
)
def test_a_wrong_setting_is_refused_and_says_why(settings: list[str], words: str) -> None:
    with pytest.raises(BadParameter, match=words):
        bind(plan(), settings, ENVIRONMENT)


def test_all_that_is_missing_is_told_at_once_and_no_secret_with_it() -> None:
    with pytest.raises(BadParameter) as caught:
        bind(plan(), ["TOKEN=abcdef"], {"UNDECLARED": "xyz"})
    told = str(caught.value)
    assert "TOKEN (the token) is missing: set the environment variable TOKEN" in told
    assert "owner is missing" in told
    assert "UNDECLARED is too short to be hidden" in told
    assert "abcdef" not in told


def test_a_name_that_nobody_declares_is_a_secret_of_the_environment() -> None:
    assert bound().secrets == {"TOKEN", "UNDECLARED"}


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30))
def test_whatever_a_value_is_sql_gets_it_as_a_value(text: str) -> None:
    values = BoundParameters({"name": text, "map": {"k'--": text}}, frozenset())
    connection = sqlite3.connect(":memory:")
    sql = "SELECT :name, (SELECT value FROM json_each(:map)), (SELECT key FROM json_each(:map))"
    found = connection.execute(sql, transaction.bound(values.values, ("name", "map"))).fetchone()
    connection.close()
    assert found == (text, text, "k'--")


def test_in_a_url_only_the_base_at_the_start_is_taken_as_it_is() -> None:
    values = bound("app=https://x.test:8/a", "note=../a b?c")
    assert values.expand_url("${app}/${note}") == "https://x.test:8/a/..%2Fa%20b%3Fc"


def test_a_json_body_and_a_header_cannot_be_broken_out_of() -> None:
    values = bound('note="}\n,')
    assert json.loads(values.expand_body('{"a": "${note}"}')) == {"a": '"}\n,'}
    with pytest.raises(BadParameter, match="line break"):
        values.expand_header("X: ${note}")


def test_a_shell_gets_values_in_its_environment_and_maps_as_json() -> None:
    assert json.loads(bound().environment()["owner"]) == {"simon": "user_1"}
    assert "note" not in bound().environment()


def test_what_is_recorded_holds_no_secret() -> None:
    values = bound()
    assert values.public()["TOKEN"] == "[TOKEN]"
    assert "s3cr3t" not in repr(values) + str(values.public()) + str(values)
