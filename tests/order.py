"""Which tests `make quick` leaves out, and in which order `make test` deals them to its workers."""

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

import pytest

APART = (
    *("browser", "cli", "migration", "outgoing", "security", "serverless", "simulation", "world"),
    *("changeover/contrib", "changeover/fire", "changeover/run", "changeover/server"),
    *("changeover/database/test_kill.py", "collect/test_killed.py", "liveone_side/test_upgrade.py"),
    *("changeover/document/test_drafting.py", "changeover/document/test_cookbook.py"),
    *("energy/test_one_number.py", "test_extend.py", "test_scale.py", "collect/test_loop.py"),
    *("collect/test_point_closer.py", "collect/test_recorder.py", "collect/test_share.py"),
    *("collect/test_together.py", "database/test_backup_schedule.py", "transfer/test_readings_in.py"),
    *("database/test_backup_copies.py", "store/test_breaker.py"),
    *("store/test_time_zones.py", "transfer/test_move.py", "transfer/test_restore.py"),
    *("vendors/test_against_portal.py", "vendors/test_conformance.py", "vendors/test_mqtt.py"),
    *("vendors/test_enphase.py", "vendors/test_powerwall.py", "web/test_base_path.py", "web/test_moments.py"),
    *("web/test_push.py", "web/test_repairs.py", "web/test_rights.py", "web/test_scripts.py"),
    *("web/test_health.py", "web/test_second_step.py", "web/test_sign_in_elsewhere.py"),
    *("announce", "simulate", "store/test_libsql.py", "vendors/test_cloud.py", "vendors/test_goodwe.py"),
    *("test_layers.py", "test_names.py", "web/test_stream.py", "web/test_time_zones.py"),
)
"""Folders and files whose tests start browsers, servers or processes, wait for them, or take seconds each."""
LONGEST_FIRST = (
    *("browser/test_states.py", "migration/test_deploy.py", "liveone_side/test_upgrade.py"),
    *(
        "simulation/test_several.py",
        "serverless/test_host.py",
        "simulation/test_serve.py",
        "world/test_world.py",
    ),
    *("changeover/run/test_stuck.py", "simulation/test_month.py", "migration/test_on_server.py"),
    *("transfer/test_move.py", "places/test_upgrade_and_back.py", "browser/test_history.py"),
    *("migration/test_killed.py", "security/test_starved.py", "browser/test_access.py"),
    *(
        "migration/test_first_weeks.py",
        "changeover/server/test_faults.py",
        "changeover/server/test_killed.py",
    ),
    *("changeover/run/test_fire.py", "browser/test_live.py", "browser/test_admin.py"),
    *(
        "changeover/server/test_session.py",
        "cli/test_serve_on_server.py",
        "changeover/contrib/test_django.py",
    ),
    *("migration/test_keyed_plan.py", "migration/test_underneath.py", "migration/test_killed_on_server.py"),
    *("changeover/run/test_refusals.py", "collect/test_share.py", "energy/test_one_number.py"),
    *("simulation/test_recording.py", "migration/test_whole.py", "web/test_moments.py", "test_parsers.py"),
    *("browser/test_dst.py", "simulate/test_house.py", "collect/test_loop.py"),
    *("changeover/database/test_kill.py", "vendors/test_mqtt.py", "changeover/server/test_late.py"),
    *("changeover/database/online/test_oracle.py", "changeover/contrib/test_alembic.py"),
    *("store/test_time_zones.py", "security/test_patterns.py", "vendors/test_against_portal.py"),
    *("store/test_libsql.py", "changeover/server/test_server_dies.py"),
)
"""Files that take from two minutes down to twenty seconds, in that order. `make test` gives a worker a whole
file at a time: a long one that began last would be waited for alone."""


def spread(items: list[pytest.Item], folder: Path) -> Iterator[pytest.Item]:
    """The tests in that folder by files: a long one, some short ones, the next long one.

    The long ones wait for processes and clocks most of the time; the short ones use the cores meanwhile.
    """
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path.relative_to(folder).as_posix(), []).append(item)
    long = [files.pop(name) for name in LONGEST_FIRST if name in files]
    short = iter(files.values())
    between = -(-len(files) // max(len(long), 1))
    for tests in long:
        yield from tests
        yield from chain.from_iterable(islice(short, between))
    yield from chain.from_iterable(short)
