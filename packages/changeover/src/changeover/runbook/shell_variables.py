"""SQL that a shell would have put values into: ``'$OWNER'`` becomes ``:OWNER``, bound and never pasted.

Rule: only a value that stands alone is one; a part of a literal, or of a name, is asked about.
"""

import re

from changeover.sql import text

_VARIABLE = re.compile(r"\$\{?(\w+)\}?")


def with_parameters(sql: str, names: frozenset[str]) -> tuple[str, list[str]] | None:
    """The SQL with each of a shell's variables as a parameter, and their names.

    None where a variable is only a part of a literal or of a name.
    """
    if not names:
        return sql, []
    out, used, at = [], [], 0
    for token in text.tokens(sql):
        inner = token.text[1:-1] if token.kind == "string" else token.text
        if not any(name in names for name in _VARIABLE.findall(inner)):
            continue
        match = _VARIABLE.fullmatch(inner)
        if match is None or token.kind not in ("string", "parameter"):
            return None
        out += [sql[at : token.at], f":{match[1]}"]
        at = token.at + len(token.text)
        used.append(match[1])
    return "".join([*out, sql[at:]]), list(dict.fromkeys(used))
