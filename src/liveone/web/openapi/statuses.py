"""Which failures each operation documents: they follow from what it asks, and are written nowhere else.

Rule: who may call says 401, 403 and 429; an id says 404; what is sent says 400, 413 and 422; a database says
503. A route documents by itself only what is more than that, or better said.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from liveone.web.auth.rights import MEANING, Right, right_of

FAILURE = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}}}
NOT_FASTAPIS = ("HTTPValidationError", "ValidationError")
"""The shape of an error that FastAPI describes; ours is another, and the only one."""
FOREIGN = "The page of another site asks; or the server is not set up yet, and another machine asks."
IDS = ("systemId",)
SAFE = "get"
WITHOUT_DATABASE = ("/api/health/live",)


def with_failures(described: Mapping[str, Any]) -> dict[str, Any]:
    """The description of the API with every failure that an operation may answer with."""
    paths = {
        path: {method: _completed(method, path, one) for method, one in operations.items()}
        for path, operations in described["paths"].items()
    }
    components = dict(described["components"])
    components["schemas"] = {
        name: one for name, one in components["schemas"].items() if name not in NOT_FASTAPIS
    }
    return {**described, "paths": paths, "components": components}


def _completed(method: str, path: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    stated = {status: one for status, one in operation["responses"].items() if status != "422"}
    follows = {
        str(status): {"description": words, **FAILURE} for status, words in _failures(method, path, operation)
    }
    return {**operation, "responses": dict(sorted((follows | stated).items()))}


def _failures(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """The statuses of failures, each with what it means here."""
    right, names = right_of(method.upper(), path), [one["name"] for one in operation.get("parameters", ())]
    sends = "requestBody" in operation or method != SAFE
    yield from _of_right(right)
    if "{" in path or any(name in IDS for name in names):
        yield 404, "There is no such thing, or it is somebody else's."
    if names or sends:
        yield 400, "It cannot be done; the answer says why, and what to do."
        yield 422, "Something that was sent has another form; `parameter` names it."
    if sends:
        yield 413, "The body is too large."
    if path not in WITHOUT_DATABASE:
        yield 503, "The database, or what is needed of the server, is away; the answer says which."


def _of_right(right: Right) -> Iterator[tuple[int, str]]:
    if right is Right.ANYBODY:
        yield 403, FOREIGN
        return
    yield 401, "No credential, or a wrong one."
    yield 403, f"You may not. Who may: {MEANING[right]}."
    yield 429, "Too many wrong credentials came from your address; Retry-After says when to try again."
