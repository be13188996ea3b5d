"""The conformance kit with the patience of a machine that is busy."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import ClassVar

from liveone.vendors.adapter import Adapter
from liveone.vendors.base import VendorAccount
from liveone.vendors.conformance.device import Trouble
from liveone.vendors.conformance.kit import Conformance, RecordedAnswer
from liveone.vendors.parameters import Setting

PATIENCE_S, IMPATIENCE_S = 20.0, 0.2


class PatientConformance(Conformance):
    """A device that answers has time to; one that never does is waited for as briefly as can be."""

    timeout_s = PATIENCE_S
    waited_out: ClassVar[Sequence[Trouble]] = ("slow",)
    """Troubles that only the deadline ends."""

    @contextmanager
    def opened(self, recording: RecordedAnswer, trouble: Trouble | None = None) -> Iterator[Adapter]:
        """As the kit does it, but for the time: between tries there is no pause."""
        self.timeout_s = IMPATIENCE_S if trouble in self.waited_out else PATIENCE_S
        with super().opened(recording, trouble) as adapter:
            adapter.pause = lambda _: None  # type: ignore[method-assign]
            yield adapter

    def account(self, given: Mapping[str, Setting]) -> VendorAccount:
        """As the kit makes it, but for the time."""
        return replace(super().account(given), timeout_s=self.timeout_s)
