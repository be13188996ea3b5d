"""The spool: durable, ordered, bounded, of one process."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.collect.support import START_AT, recorded

from liveone.collect.queue import lines
from liveone.collect.queue.spool import Spool, SpoolFailed, SpoolFull, SpoolInUse
from liveone.domain.points import Point
from liveone.store.readings import Recorded


def some(count: int, start_at: int = START_AT) -> list[Recorded]:
    return [recorded(1, start_at + number) for number in range(count)]


def drained(spool: Spool) -> list[int]:
    times = []
    while (front := spool.front()) is not None:
        batch, found = front
        times += [each.reading.inverter_time for each in found]
        spool.drop(batch)
    return times


def test_a_line_gives_the_reading_back_with_what_was_absent_absent() -> None:
    one = recorded(7, START_AT, solar_w=None, solar_kwh_total=12345.678)
    back = lines.decode(lines.encode(one))
    assert back is not None
    assert back.reading == one.reading
    assert (back.system_id, back.memory, back.polled_at, back.raw) == (7, one.memory, one.polled_at, None)
    assert b"null" not in lines.encode(one)


def test_points_wait_with_their_reading_and_a_house_without_any_waits_as_before() -> None:
    one = recorded(7, START_AT)
    assert b"points" not in lines.encode(one)
    told = (
        Point("flow_c", "Vorlauf", "°C", 41.25, "heat pump", "temperature"),
        Point("bad", "", "A", float("nan")),
        Point("\udc80", "", "A", 1.0),
    )
    back = lines.decode(lines.encode(replace(one, points=told)))
    assert back is not None
    assert back.points == told[:1]


def test_readings_come_out_in_the_order_they_went_in_over_many_segments(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for number in range(40):
        spool.append(some(37, START_AT + 100 * number))
    assert spool.waiting == 1480
    assert drained(spool) == [START_AT + 100 * number + each for number in range(40) for each in range(37)]
    assert (spool.waiting, spool.size_bytes) == (0, 0)
    assert not list(tmp_path.glob("*.jsonl"))
    spool.close()


def test_what_is_appended_between_reading_and_dropping_the_front_stays(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append(some(2))
    front = spool.front()
    assert front is not None
    spool.append(some(1, START_AT + 50))
    spool.drop(front[0])
    assert spool.waiting == 1
    assert drained(spool) == [START_AT + 50]
    spool.close()


def test_a_new_process_finds_what_the_old_one_left_and_goes_on_behind_it(tmp_path: Path) -> None:
    first = Spool(tmp_path)
    first.append(some(3))
    first.close()
    second = Spool(tmp_path)
    second.append(some(1, START_AT + 10))
    assert second.waiting == 4
    assert drained(second) == [START_AT, START_AT + 1, START_AT + 2, START_AT + 10]
    second.close()


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_torn_last_line_is_put_aside_and_the_rest_is_read(tmp_path: Path, cut: int) -> None:
    spool = Spool(tmp_path)
    spool.append(some(3))
    spool.close()
    (segment,) = tmp_path.glob("*.jsonl")
    os.truncate(segment, segment.stat().st_size - cut)
    spool = Spool(tmp_path)
    spool.append(some(1, START_AT + 10))
    assert drained(spool) == [START_AT, START_AT + 1, START_AT + 10]
    assert (tmp_path / "damaged" / segment.name).read_bytes()
    spool.close()


def test_a_line_that_is_rubbish_is_put_aside_and_the_rest_is_read(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append(some(2))
    spool.close()
    (segment,) = tmp_path.glob("*.jsonl")
    first, second, _ = segment.read_bytes().split(b"\n")
    segment.write_bytes(b"\n".join([first, b"\x00\r\xff{", b'{"system_id":1}', second, b""]))
    spool = Spool(tmp_path)
    assert drained(spool) == [START_AT, START_AT + 1]
    assert spool.waiting == 0
    assert (tmp_path / "damaged" / segment.name).read_bytes().count(b"\n") == 2
    spool.close()


def test_the_bound_is_a_loud_error_and_room_is_made_by_draining(tmp_path: Path) -> None:
    size = len(lines.encode(some(1)[0]))
    spool = Spool(tmp_path, limit_bytes=3 * size)
    spool.append(some(3))
    with pytest.raises(SpoolFull, match="3 readings wait") as full:
        spool.append(some(1, START_AT + 10))
    assert full.value.retryable
    assert "liveone doctor" in full.value.hint
    assert drained(spool) == [START_AT, START_AT + 1, START_AT + 2]
    spool.append(some(1, START_AT + 10))
    spool.close()


def test_a_second_process_takes_a_place_of_its_own_and_the_living_inherit_from_the_dead(
    tmp_path: Path,
) -> None:
    script = (
        "import os, sys; from pathlib import Path; from liveone.collect.queue.spool import Spool\n"
        "from tests.collect.support import recorded, START_AT\n"
        "spool = Spool(Path(sys.argv[1])); print(spool.folder.name, flush=True)\n"
        "spool.append([recorded(1, START_AT + 99)]); spool.hold(recorded(1, START_AT + 98), 'why')\n"
        "os.kill(os.getpid(), 9)\n"
    )
    spool = Spool(tmp_path)
    spool.append(some(1))
    command = [sys.executable, "-c", script, str(tmp_path)]
    other = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert other.stdout.strip() == "2", other.stderr
    assert spool.adopt_orphans() == 2
    assert spool.adopt_orphans() == 0
    assert (spool.waiting, spool.held) == (2, 1)
    assert drained(spool) == [START_AT, START_AT + 99]
    spool.close()


def test_what_a_living_process_keeps_is_left_to_it(tmp_path: Path) -> None:
    first, second = Spool(tmp_path), Spool(tmp_path)
    second.append(some(2))
    assert first.adopt_orphans() == 0
    assert (first.waiting, second.waiting) == (0, 2)
    second.close()
    assert first.adopt_orphans() == 2
    first.close()


def test_when_every_place_is_taken_it_says_so(tmp_path: Path) -> None:
    spools = [Spool(tmp_path) for _ in range(9)]
    with pytest.raises(SpoolInUse, match=str(tmp_path)):
        Spool(tmp_path)
    for spool in spools:
        spool.close()


def test_what_is_held_is_tried_again_behind_what_waits(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.hold(recorded(1, START_AT), "no room")
    spool.append(some(1, START_AT + 10))
    assert (spool.waiting, spool.held) == (1, 1)
    assert b"no room" in next((tmp_path / "held").glob("*.jsonl")).read_bytes()
    assert spool.release_held() == 1
    assert drained(spool) == [START_AT + 10, START_AT]
    spool.hold(recorded(1, START_AT), "no room")
    assert spool.held == 1
    spool.close()


def test_a_folder_that_cannot_be_made_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SpoolFailed, match="cannot be used"):
        Spool(tmp_path / "file" / "spool")
