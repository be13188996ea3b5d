"""The conformance kit with the patience of a machine that is busy: what is slow is proven elsewhere, once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from liveone.vendors.base import VendorAccount
from liveone.vendors.conformance.device import Trouble
from liveone.vendors.conformance.kit import Conformance
from liveone.vendors.parameters import Setting

PATIENCE_S = 20.0


class PatientConformance(Conformance):
    """A device that answers has time to; ``troubles`` are those that end at once."""

    troubles: ClassVar[Sequence[Trouble]] = ("401", "not JSON")

    def account(self, given: Mapping[str, Setting]) -> VendorAccount:
        """As the kit makes it, but for the time."""
        return replace(super().account(given), timeout_s=PATIENCE_S)
