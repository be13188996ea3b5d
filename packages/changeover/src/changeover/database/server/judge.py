"""What is known of a change on a server before it is sent: what its schema says, and what was asked ahead.

Rule: whatever follows from the schema is refused here, and nothing was done; whatever the rows decide is
demanded inside the transaction (`server.apply`).
"""

from dataclasses import dataclass, field
from math import inf

from changeover.database.change import expected, full_text, invariants, refusal, script, standing
from changeover.database.change import forecast as strategies
from changeover.database.change.contents import Asked
from changeover.database.change.forecast import Forecast
from changeover.database.change.invariants import Depth
from changeover.database.change.model import Context, PlannedChange
from changeover.database.change.proof import SWIFT_INTEGRITY_ROWS
from changeover.database.change.rule import FaultRule
from changeover.database.findings import Finding, unaccepted
from changeover.database.ledger import Direction
from changeover.database.schema import catalogue, fingerprint, references, weaker
from changeover.database.schema.catalogue import ForeignKey, Schema
from changeover.database.schema.empty import afterwards
from changeover.database.server.printed import Printing, printing
from changeover.database.server.remote import Remote
from changeover.database.server.shadow import Object, Shadow, objects_of, prepared
from changeover.errors import Unsuitable
from changeover.plan.model import RowExpectation
from changeover.sql import rebuild
from changeover.sql.identifiers import identifier_key
from hrana import errors
from hrana.wire import WireStatement

DEADLINE_S = 3.5
"""How long a change may hold writers up: well below the 5 s after which the server gives its lock away."""
THOROUGH_S = 900.0
"""The same where nobody waits: a copy that is ours alone."""


@dataclass(slots=True)
class PreparedChange:
    """What is known of a change before anything is sent."""

    change: PlannedChange
    context: Context
    depth: Depth
    shadow: Shadow
    forecast: Forecast
    written: frozenset[str]
    planned: Schema
    objects_after: tuple[Object, ...]
    print_after: str
    accepted: dict[str, str]
    printing: tuple[Printing, ...] = ()
    notes: list[str] = field(default_factory=list)
    skippable: list[ForeignKey] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    damaged: set[str] = field(default_factory=set)
    """Full-text indexes that did not match their rows before."""

    @property
    def limit_s(self) -> float:
        """How long writers may be held."""
        most_s = DEADLINE_S if self.depth is Depth.SWIFT else THOROUGH_S
        return min(self.change.budget_s or inf, most_s)

    @property
    def scope(self) -> tuple[str, ...]:
        return tuple(identifier_key(table) for table in self.change.scope)

    @property
    def asked(self) -> Asked:
        """What is asked of its rows."""
        rebuilt = tuple(map(identifier_key, self.forecast.rebuilt))
        return Asked(self.shadow.schema, self.planned, self.wanted, self.scope, rebuilt)

    @property
    def wanted(self) -> dict[str, RowExpectation]:
        return {identifier_key(want.table): want for want in self.change.rows}


def judge(shadow: Shadow, change: PlannedChange, context: Context, depth: Depth) -> PreparedChange:
    """Everything that follows from the schema: scope, cost, what would be lost or missing afterwards."""
    forecast, written = prepared(shadow, change)
    with afterwards(shadow.connection, change.statements) as after:
        planned = catalogue.read(after)
        sentences, weak = invariants.of_schema(after, context.expected, context.contract), list[Finding]()
        if context.expected is None and context.direction is not Direction.ROLLBACK:
            weak = weaker.weaker(shadow.schema, planned, script.read(change.statements))
        known = references.broken(shadow.connection)
        broken = [one for one in references.broken(after) if one not in known]
        sentences += references.placed(shadow.objects, change.statements, broken)
        sentences += expected.without_table(change.rows, planned)
        findings = unaccepted(weak, change.accept)
        if sentences or findings:
            raise refusal.broken(sentences, findings)
        return PreparedChange(
            change,
            context,
            depth,
            shadow,
            forecast,
            written,
            planned,
            objects_of(after),
            fingerprint.fingerprint(after),
            dict(change.accept),
            printing(shadow.connection, change.statements, change.printed.expect) if change.printed else (),
        )


def require_swift(found: PreparedChange) -> None:
    """Raises Unsuitable for what is known to hold writers for longer than a server allows."""
    change, forecast = found.change, found.forecast
    strategies.require_affordable(
        forecast, budget_s=change.budget_s, wanted=change.strategy, rehearsed_s=change.rehearsed_s
    )
    expected_s = forecast.certain_s if change.rehearsed_s is None else change.rehearsed_s
    if found.depth is Depth.SWIFT and expected_s > DEADLINE_S:
        how = "is expected to hold" if change.rehearsed_s is None else "held, in rehearsal,"
        raise Unsuitable(
            f"The change {how} writers for {expected_s:.2g} s, and on a server it has {DEADLINE_S:g} s: after"
            " 5 s the server gives the lock to whoever waits.",
            hint=f"{rebuild.NOT_ON_SERVERS}. {rebuild.ON_SERVERS_INSTEAD}",
        )


def ask_ahead(found: PreparedChange, remote: Remote) -> None:
    """What can be asked before writers wait: which keys are quick to look at, what is at fault already."""
    present = found.shadow.schema
    keys = standing.leading(present)
    # Before the change, and so perhaps no longer true in
    # it: it only decides how a key is asked, never whether.
    counts = remote.snapshot([WireStatement(standing.distinct_values(table, key)) for table, key in keys])
    found.skippable = [
        key
        for (_, key), rows in zip(keys, counts, strict=True)
        if int(rows[0][0] or 0) <= standing.SKIP_LIMIT
    ]
    asked = [rule.remembering() for rule in standing_rules(found, present)]
    answers = remote.snapshot(asked, within_s=THOROUGH_S if found.depth is Depth.THOROUGH else None)
    found.known = [str(text) for rows in answers for (text,) in rows] + list(found.context.faults_before)
    if found.depth is Depth.THOROUGH:
        found.damaged = {check.table for check in full_text.checks(present) if not _passes(remote, check.sql)}


def _passes(remote: Remote, sql: str) -> bool:
    try:
        remote.execute(sql)
    except errors.Damaged:
        return False
    return True


def standing_rules(found: PreparedChange, present: Schema) -> list[FaultRule]:
    """What must hold of any database, as far as it is asked."""
    if found.depth is Depth.THOROUGH:
        return standing.thorough(present, found.scope)
    small = {name for name in found.scope if (found.shadow.size(name) or 0) <= SWIFT_INTEGRITY_ROWS}
    return standing.swift(present, found.scope, small, found.skippable)


def note(found: PreparedChange, sentence: str) -> None:
    """Say, once, what is not looked at and why."""
    if sentence not in found.notes:
        found.notes.append(sentence)
