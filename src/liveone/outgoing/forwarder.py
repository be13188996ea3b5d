"""Follows the database for one receiver: sends what is new, and remembers how far it came.

Rule: what was sent is remembered after the receiver said so, so that a crash sends a little twice and leaves
nothing out. A receiver that says no is asked again later and later; polling knows nothing of it.
"""

import logging
import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from liveone.clock import Clock
from liveone.errors import LiveOneError
from liveone.outgoing.outlet import NotLikeThis, NotNow, OutgoingItem, Outlet
from liveone.outgoing.pages import Pages
from liveone.settings.private_file import replace_private

LOOK_S = 5.0
PAUSE_S, PAUSE_S_MAX = 5.0, 600.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ForwarderState:
    """How far it came, and how it goes: ``sent`` and ``left_out`` items since the beginning; ``error`` is why
    it waits now, empty where it does not."""

    cursor: Any = None
    sent: int = 0
    left_out: int = 0
    sent_at: int | None = None
    error: str = ""


def read_state(path: Path) -> ForwarderState:
    """What stands in a file; the beginning where it cannot be read."""
    try:
        return ForwarderState(**orjson.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return ForwarderState()


@dataclass
class Forwarder:
    """Sends to one receiver, in a thread of its own. ``path`` is where it remembers how far it came."""

    outlet: Outlet
    pages: Pages
    path: Path
    clock: Clock
    history: bool = False
    _stopping: threading.Event = field(default_factory=threading.Event)
    _refusals: int = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Follow while inside."""
        thread = threading.Thread(target=self._run, name=f"outgoing {self.outlet.name}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            self.outlet.close()
            thread.join(2)

    def step(self) -> float:
        """Send what there is, at most one page. Returns after how many seconds to look again."""
        state = self._state()
        items = self.pages.after(state.cursor, self.outlet.most)
        if not items:
            return LOOK_S
        try:
            self._deliver(items)
        except NotNow as error:
            return self._put_off(error)
        self._refusals = 0
        return 0.0

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                wait_s = self.step()
            except (LiveOneError, OSError) as error:
                log.warning("sending to %s waits: %s", self.outlet.name, error)
                wait_s = PAUSE_S
            except Exception:
                log.exception("sending to %s failed", self.outlet.name)
                wait_s = PAUSE_S_MAX
            self._stopping.wait(wait_s)

    def _state(self) -> ForwarderState:
        """As it was left; the first time it begins with now, or with everything where history is wanted."""
        state = read_state(self.path)
        if state.cursor is None:
            state = ForwarderState(0 if self.history else self.pages.start())
            self._keep(state)
        return state

    def _deliver(self, items: Sequence[OutgoingItem]) -> None:
        """Send them; where the receiver will not have them like this, in halves. Raises NotNow."""
        wanted = [item for item in items if item.values and self._is_young(item)]
        try:
            if wanted:
                self.outlet.send(wanted)
        except NotLikeThis as error:
            if len(items) > 1:
                middle = len(items) // 2
                self._deliver(items[:middle])
                self._deliver(items[middle:])
                return
            log.warning("%s refuses %s, which is left out: %s", self.outlet.name, items[0].key, error)
            wanted = []
        old = sum(not self._is_young(item) for item in items)
        refused = 1 if not wanted and not old and items[0].values else 0
        self._note(items[-1].cursor, len(wanted), old + refused)

    def _is_young(self, item: OutgoingItem) -> bool:
        return self.clock.now_at() - item.at <= self.outlet.old_s

    def _note(self, cursor: Any, sent: int, left_out: int) -> None:
        state = read_state(self.path)
        if state.error and sent:
            log.warning("sending to %s goes on", self.outlet.name)
        self._keep(
            replace(
                state,
                cursor=cursor,
                sent=state.sent + sent,
                left_out=state.left_out + left_out,
                sent_at=int(self.clock.now_at()) if sent else state.sent_at,
                error="" if sent else state.error,
            )
        )

    def _put_off(self, error: NotNow) -> float:
        """How long to wait: as the receiver asks, or twice as long each time."""
        self._refusals += 1
        doubled_s = min(PAUSE_S * 2.0 ** min(self._refusals - 1, 10), PAUSE_S_MAX)
        wait_s = max(error.retry_after_s or 0.0, doubled_s * random.uniform(0.8, 1.2))
        state = read_state(self.path)
        if state.error != error.args[0]:
            log.warning("sending to %s waits: %s", self.outlet.name, error.args[0])
            self._keep(replace(state, error=str(error.args[0])))
        return wait_s

    def _keep(self, state: ForwarderState) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        replace_private(self.path, orjson.dumps(asdict(state)))
