"""What the bridges share: an outcome that is not good becomes the error of the caller's own command."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from changeover.contrib.running import carry_out
from changeover.engine.entries import Ending
from changeover.errors import NotRehearsed
from changeover.exits import Exit


def outcome(ending: Ending, code: Exit) -> Any:
    return SimpleNamespace(ending=ending, exit_code=code, reason="a check failed", folder=Path("state/run"))


def test_what_is_refused_or_fails_is_told_as_the_callers_error_with_its_hint() -> None:
    def refuse() -> None:
        raise NotRehearsed("it would lose rows", hint="Mend the way back.")

    with pytest.raises(LookupError, match="it would lose rows\n  Mend the way back"):
        carry_out(refuse, LookupError)
    with pytest.raises(LookupError, match=r"a check failed\. Report: state/run"):
        carry_out(lambda: outcome(Ending.ROLLED_BACK, Exit.FAILED), LookupError)


def test_what_is_done_or_in_force_already_passes() -> None:
    carry_out(lambda: None, LookupError)
    carry_out(lambda: outcome(Ending.DONE, Exit.DONE), LookupError)
