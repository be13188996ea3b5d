"""What every adapter is tried with by the conformance kit, as the table of docs/how-to/vendors.md.

`python -m tests.vendors.cases` prints it.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from tests.vendors.patient_kit import PatientConformance

from liveone.vendors.conformance.kit import Conformance

MOMENTS = ("day", "night", "first start", "no battery")
TROUBLES = tuple(Conformance.troubles)
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "vendors.md"


def kits() -> Mapping[str, type[PatientConformance]]:
    """Every kit of this repository's adapters, by the type of source."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        import_module(f"tests.vendors.{path.stem}")
    found: list[type[PatientConformance]] = []
    waiting = PatientConformance.__subclasses__()
    while waiting:
        kit = waiting.pop()
        found.append(kit)
        waiting.extend(kit.__subclasses__())
    return {kit.adapter.vendor_type: kit for kit in sorted(found, key=lambda kit: kit.adapter.vendor_type)}


def table() -> str:
    """A line for each adapter; a dash is a case that it cannot have."""
    heads = ("`type`", *MOMENTS, *TROUBLES, "nonsense, balance, secrets")
    lines = [" | ".join(heads), "|".join("---" for _ in heads)]
    for name, kit in kits().items():
        moments = [sum(each.moment == moment for each in kit.recordings) for moment in MOMENTS]
        told = [str(count or "-") for count in moments]
        told += ["yes" if trouble in kit.troubles else "-" for trouble in TROUBLES]
        lines.append(" | ".join((f"`{name}`", *told, "yes")))
    return "\n".join(f"| {line} |" if "---" not in line else f"|{line}|" for line in lines)


if __name__ == "__main__":
    print(table())
