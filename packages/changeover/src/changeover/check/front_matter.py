"""The JSON schema of a plan's front matter, for editors that complete and check YAML by one.

Rule: `changeover.plan.header` decides what is valid; a test compares the two.
"""

import json
from importlib.resources import files
from typing import Any


def front_matter_schema() -> dict[str, Any]:
    """The schema, as draft 2020-12 of JSON Schema."""
    text = files("changeover.check").joinpath("front_matter.schema.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found
