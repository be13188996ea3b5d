"""The sources of systems, and what those sent that send by themselves (plan 0005)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from liveone.domain.push_token import push_token_hash
from liveone.domain.sources import ROLES, HouseSource, Role, checked_source_name
from liveone.errors import BadInput
from liveone.store.database import BulkInsert, CannotHold, Row
from liveone.store.store import Query, Store

UPGRADE_FIRST = "Run `liveone upgrade` first: plan 0005 brings sources into the database."
KEPT_S = 86_400
"""What was sent is kept so long beside the readings that were made of it."""


def list_sources(store: Store, system_id: int | None = None) -> list[HouseSource]:
    """The sources of all systems, or of one; none while the database cannot keep any."""
    return _found(store, Query("sources_list", (system_id,)))


def find_source(store: Store, system_id: int, name: str) -> HouseSource:
    """The source of that name. Raises BadInput, naming those there are."""
    found = list_sources(store, system_id)
    for source in found:
        if source.name == name:
            return source
    known = ", ".join(source.name for source in found) or "none yet"
    raise BadInput(f"system {system_id} has no source {name!r}", hint=f"Its sources: {known}.")


def source_of_token(store: Store, token: str) -> HouseSource | None:
    """The source that a token lets in; None where there is none."""
    found = _found(store, Query("sources_by_token", (push_token_hash(token),)))
    return found[0] if found else None


def add_source(
    store: Store,
    system_id: int,
    *,
    name: str,
    vendor_type: str,
    site: str = "",
    roles: Sequence[Role],
    settings: Mapping[str, Any],
    secrets_sealed: str | None = None,
    token_hash: str | None = None,
) -> HouseSource:
    """Give a system a source more. One whose readings were imported takes them from its sources from now on.

    Raises BadInput where the name is none or taken, CannotHold before plan 0005.
    """
    if not store.detect_again().keeps_sources:
        raise CannotHold(f"database {store.database.label} cannot keep sources yet", hint=UPGRADE_FIRST)
    name = checked_source_name(name)
    told = (json.dumps(list(roles)), json.dumps(dict(settings)))
    adding = Query("sources_add", (system_id, name, vendor_type, site, *told, secrets_sealed, token_hash))
    result, _ = store.write([adding, Query("sources_take_over", (system_id,))])
    if not result.rows:
        raise BadInput(
            f"system {system_id} has a source {name!r} already",
            hint="Give it another name, or remove the one that is there: liveone sources remove.",
        )
    return find_source(store, system_id, name)


def remove_source(store: Store, source: HouseSource) -> None:
    """Take a source away; the readings that it was part of stay."""
    store.write([Query("sources_values_remove", (source.id,)), Query("sources_remove", (source.id,))])


def keep_values(store: Store, sent: Sequence[tuple[int, int, Mapping[str, Any]]]) -> int:
    """Keep ``(source id, at, values)`` that sources sent; gives how many are new. Raises StoreError."""
    steps: list[Query | BulkInsert] = [Query("source_values_add", (json.dumps(sent),))]
    newest_at = max((at for _, at, _ in sent), default=0)
    steps.append(Query("source_values_prune", (newest_at - KEPT_S,)))
    return len(store.write(steps)[0].rows)


def values_between(
    store: Store, source_id: int, after_at: int, until_at: int
) -> list[tuple[int, dict[str, Any]]]:
    """What a source sent of ``(after_at, until_at]``, oldest first."""
    rows = store.read("source_values_between", source_id, after_at, until_at)
    return [(int(str(at)), json.loads(str(text))) for at, text in rows]


def _found(store: Store, asked: Query) -> list[HouseSource]:
    answers = store.snapshot_for(lambda shape: [asked] if shape.keeps_sources else [])
    return [_source(row) for rows in answers for row in rows]


def _source(row: Row) -> HouseSource:
    source_id, system_id, name, vendor_type, site, roles, settings, sealed, token_hash = row
    chosen = set(json.loads(str(roles)))
    return HouseSource(
        id=int(str(source_id)),
        system_id=int(str(system_id)),
        name=str(name),
        vendor_type=str(vendor_type),
        site=str(site),
        roles=tuple(role for role in ROLES if role in chosen),
        settings=json.loads(str(settings)),
        secrets_sealed=None if sealed is None else str(sealed),
        token_hash=None if token_hash is None else str(token_hash),
    )
