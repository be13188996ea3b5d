"""Exit codes: what each says of the database, decided here and nowhere else.

Every error of ours (`errors`) and every end of a session (`exit_of`) names one of these; the help of the
command and docs/operations/migrations.md show the same table.
"""

from enum import IntEnum


class Exit(IntEnum):
    """What a command ends with; ``meaning`` is for people."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> "Exit":
        """A code with what it means."""
        made = int.__new__(cls, code)
        made._value_ = code
        made.meaning = meaning
        return made

    DONE = 0, "done, or nothing is to do"
    FAILED = 1, "the database refused or failed; it is whole"
    WRONG = 2, "the plan, or a parameter, is wrong; nothing was touched"
    REFUSED = 3, "refused; nothing was changed"
    WENT_BACK = 4, "a step failed, and everything was taken back; or a rehearsal did not pass"
    OPERATOR = 5, "an operator is needed: the way back fails, or the lease was lost"
    UNDECIDED = 6, "a person must judge a box first (--confirm)"
    STOPPED = 7, "it was stopped at a safe point; `resume` goes on"
    NOT_REHEARSED = 8, "no rehearsal proves this run; nothing was changed"


def table() -> str:
    """The codes for the help of the command, one a line."""
    return "\n".join(f"  {code.value}  {code.meaning}" for code in Exit)
