"""Parses a CREATE TABLE statement into what it means for columns and rows, however it is spelled.

Rule: text in, data out, no connection. Names are unquoted and in lower case, expressions are words joined by
one space, literals stay as written. A rule of a column (``age INTEGER CHECK (age >= 0)``) equals the same
rule of the table (``CHECK (age >= 0)``); the order of clauses and the names of constraints do not matter.
Source: the grammar of CREATE TABLE at sqlite.org/lang_createtable.html.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache

from changeover.sql import text as sqltext
from changeover.sql.identifiers import identifier_key
from changeover.sql.text import SqlToken

_OF_BOTH = frozenset({"constraint", "primary", "unique", "check"})
_OF_COLUMN = _OF_BOTH | {"not", "null", "default", "collate", "references", "generated", "as"}
_OF_TABLE = _OF_BOTH | {"foreign"}
_CONFLICT_WORDS = 3
"""The number of words in ``ON CONFLICT name``."""


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    """A column. ``default`` and ``generated`` are expressions or empty; ``conflict`` belongs to NOT NULL."""

    name: str
    type: str
    not_null: bool = False
    default: str = ""
    collation: str = "binary"
    generated: str = ""
    conflict: str = ""

    @property
    def expression(self) -> str:
        """The expression of a generated column, in parentheses, STORED or VIRTUAL.

        Empty for other columns.
        """
        return self.generated.removesuffix(" stored")

    def __str__(self) -> str:
        parts = [self.name, self.type, "not null" if self.not_null else ""]
        parts += [f"default {self.default}" if self.default else ""]
        parts += [f"collate {self.collation}" if self.collation != "binary" else ""]
        parts += [f"as {self.generated}" if self.generated else ""]
        parts += [f"on conflict {self.conflict}" if self.conflict else ""]
        return " ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Key:
    """A primary or unique key. ``columns`` are ``name`` or ``name desc``.

    ``conflict`` is ``replace``, for instance.
    """

    columns: tuple[str, ...]
    conflict: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns without order and collation."""
        return tuple(column.split(" ")[0] for column in self.columns)

    def __str__(self) -> str:
        return f"( {' , '.join(self.columns)} )" + (f" on conflict {self.conflict}" if self.conflict else "")


@dataclass(frozen=True, slots=True)
class Check:
    """A CHECK. ``name`` comes from CONSTRAINT and may be empty; ``words`` are those of the expression."""

    name: str
    words: tuple[str, ...]

    @property
    def expression(self) -> str:
        """The expression as text."""
        return " ".join(self.words)


@dataclass(frozen=True, slots=True)
class ForeignKeyDefinition:
    """A foreign key. ``parent_columns`` are empty if the primary key of the parent is meant."""

    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...] = ()
    on_delete: str = "no action"
    on_update: str = "no action"
    deferred: bool = False

    def __str__(self) -> str:
        text = f"foreign key ( {' , '.join(self.columns)} ) references {self.parent}"
        text += f" ( {' , '.join(self.parent_columns)} )" if self.parent_columns else ""
        text += f" on delete {self.on_delete}" if self.on_delete != "no action" else ""
        text += f" on update {self.on_update}" if self.on_update != "no action" else ""
        return text + (" deferrable initially deferred" if self.deferred else "")


@dataclass(slots=True)
class Definition:
    """All that a CREATE TABLE says. ``primary`` is None if there is no primary key."""

    columns: list[ColumnDefinition] = field(default_factory=list)
    primary: Key | None = None
    autoincrement: bool = False
    uniques: list[Key] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    references: list[ForeignKeyDefinition] = field(default_factory=list)
    without_rowid: bool = False
    strict: bool = False

    def column(self, name: str) -> ColumnDefinition | None:
        """The column of that name in any letter case, or None."""
        return next((column for column in self.columns if column.name == identifier_key(name)), None)

    def parts(self) -> tuple[str, ...]:
        """Columns in order, then rules by the alphabet: equal for equal meaning."""
        rules = {f"unique {key}" for key in self.uniques}
        rules |= {f"check ( {check.expression} )" for check in self.checks}
        rules |= {str(reference) for reference in self.references}
        if self.primary:
            rules.add(f"primary key {self.primary}" + (" autoincrement" if self.autoincrement else ""))
        rules |= {"without rowid"} if self.without_rowid else set()
        rules |= {"strict"} if self.strict else set()
        columns = (replace(c, not_null=c.not_null and not self.is_rowid(c)) for c in self.columns)
        return (*map(str, columns), *sorted(rules))

    def is_rowid(self, column: ColumnDefinition) -> bool:
        """Whether a column is an INTEGER PRIMARY KEY: another name of the rowid, and never NULL."""
        alone = self.primary is not None and self.primary.columns == (column.name,)
        return alone and column.type == "integer" and not self.without_rowid


def parse(sql: str) -> Definition:
    """The definition of a table, from the text that SQLite stores; a virtual table has no columns."""
    reader = _Reader([token for token in sqltext.tokens(sql) if token.kind != "semicolon"])
    found = Definition()
    if "virtual" in (reader.word(1), reader.word(2)):
        return found
    while reader and reader.word() != "(":
        reader.take()
    for item in _items(reader.group()):
        _Statement(found, _Reader(item)).read()
    tail = [identifier_key(token.text) for token in reader.rest()]
    found.strict = "strict" in tail
    found.without_rowid = "without" in tail
    return found


@lru_cache(maxsize=2000)
def words_of(sql: str) -> tuple[str, ...]:
    """The normalised words of a statement, without its semicolon; cached, as a run asks hundreds of times."""
    return tuple(normal(token) for token in sqltext.tokens(sql) if token.kind != "semicolon")


def normal(token: SqlToken) -> str:
    """The normalised word of a token: a name unquoted and in lower case, a literal as written."""
    if token.kind == "string":
        return token.text
    return (
        identifier_key(sqltext.unquoted(token.text)) if token.kind == "name" else identifier_key(token.text)
    )


def affinity(kind: str) -> str:
    """The affinity that a declared type gives; integer and numeric count as one.

    Source: "Determination Of Column Affinity" at sqlite.org/datatype3.html.
    """
    for words, found in (
        (("int",), "number"),
        (("char", "clob", "text"), "text"),
        (("blob",), "none"),
        (("real", "floa", "doub"), "real"),
    ):
        if any(word in identifier_key(kind) for word in words):
            return found
    return "number" if kind and identifier_key(kind) != "any" else "none"


class _Reader:
    """Reads tokens from left to right; a quoted name is never a keyword."""

    def __init__(self, tokens: list[SqlToken]) -> None:
        self._tokens, self._at = tokens, 0

    def __bool__(self) -> bool:
        return self._at < len(self._tokens)

    def word(self, ahead: int = 0) -> str:
        """The next keyword or sign in lower case; empty at the end, and for a quoted name."""
        place = self._at + ahead
        if place >= len(self._tokens) or self._tokens[place].text[0] in "\"`['":
            return ""
        return identifier_key(self._tokens[place].text)

    def take(self, count: int = 1) -> str:
        """Read ``count`` words and give the last of them, normalised."""
        self._at += count
        return normal(self._tokens[self._at - 1]) if self._at <= len(self._tokens) else ""

    def accept(self, *words: str) -> bool:
        """Read these words if they are next, and say whether they were."""
        found = all(self.word(place) == word for place, word in enumerate(words))
        self._at += len(words) if found else 0
        return found

    def group(self) -> list[SqlToken]:
        """Read a group in parentheses and give the tokens inside; none if no parenthesis is next."""
        if self.word() != "(":
            return []
        start, depth = self._at + 1, 0
        while self:
            depth += (self.word() == "(") - (self.word() == ")")
            self._at += 1
            if depth == 0:
                break
        return self._tokens[start : self._at - 1]

    def rest(self) -> list[SqlToken]:
        """Read all that is left."""
        return self._tokens[self._at :]


@dataclass(slots=True)
class _Statement:
    """One item of the list in parentheses: a column with its rules, or a rule of the table."""

    found: Definition
    reader: _Reader
    name: str = ""

    def read(self) -> None:
        if self.reader.word() in _OF_TABLE:
            while self.reader:
                self._rule_of_table()
            return
        column = self.reader.take()
        kind = []
        while self.reader and self.reader.word() not in _OF_COLUMN:
            if self.reader.word() == "(":
                kind.append(f"( {_text(self.reader.group())} )")
            else:
                kind.append(self.reader.take())
        clauses: dict[str, object] = {}
        while self.reader:
            self._clause(column, clauses)
        self.found.columns.append(ColumnDefinition(column, " ".join(kind), **clauses))  # type: ignore[arg-type]

    def _clause(self, column: str, clauses: dict[str, object]) -> None:
        reader = self.reader
        if reader.accept("not", "null"):
            clauses["not_null"] = True
            clauses["conflict"] = self._conflict()
        elif reader.accept("default"):
            clauses["default"] = self._default()
        elif reader.accept("collate"):
            clauses["collation"] = reader.take()
        elif reader.accept("generated", "always", "as") or reader.accept("as"):
            expression = f"( {_text(reader.group())} )"
            clauses["generated"] = expression + (" stored" if reader.accept("stored") else "")
            reader.accept("virtual")
        elif reader.word() == "references":
            self._reference((column,))
        else:
            self._rule(column)

    def _rule_of_table(self) -> None:
        if self.reader.accept("foreign", "key"):
            self._reference(_columns(self.reader.group()))
        else:
            self._rule("")

    def _rule(self, column: str) -> None:
        """Read a rule that columns and tables spell alike; ``column`` is empty for a rule of the table."""
        reader = self.reader
        if reader.accept("constraint"):
            self.name = reader.take()
        elif reader.accept("primary", "key"):
            columns = self._key_columns(column)
            self.found.primary = Key(columns, self._conflict())
            self.found.autoincrement |= reader.accept("autoincrement")
        elif reader.accept("unique"):
            self.found.uniques.append(Key(self._key_columns(column), self._conflict()))
        elif reader.accept("check"):
            words = tuple(normal(token) for token in reader.group())
            self.found.checks.append(Check(self.name, words))
            self.name = ""
        else:
            reader.take()

    def _key_columns(self, column: str) -> tuple[str, ...]:
        if not column:
            group = self.reader.group()
            self.found.autoincrement |= any(normal(token) == "autoincrement" for token in group)
            columns = (" ".join(normal(token) for token in item) for item in _items(group))
            return tuple(one.removesuffix(" autoincrement").removesuffix(" asc") for one in columns)
        if self.reader.accept("desc"):
            return (f"{column} desc",)
        self.reader.accept("asc")
        return (column,)

    def _conflict(self) -> str:
        found = self.reader.take(_CONFLICT_WORDS) if self.reader.word() == "on" else ""
        return "" if found == "abort" else found

    def _default(self) -> str:
        """Read a default: ``( 10 )`` equals ``10``, and a name in double quotes is a text, as for SQLite."""
        reader = self.reader
        if reader.word() == "(":
            group = reader.group()
            return _text(group) if len(group) == 1 else f"( {_text(group)} )"
        sign = reader.take() if reader.word() in ("-", "+") else ""
        token = reader.rest()[0]
        reader.take()
        if token.text[:1] in '"`[':
            return "'" + sqltext.unquoted(token.text).replace("'", "''") + "'"
        literal = normal(token)
        if literal == "x" and reader.rest()[:1] and reader.rest()[0].kind == "string":
            literal += " " + reader.take()
        return f"- {literal}" if sign == "-" else literal

    def _reference(self, columns: tuple[str, ...]) -> None:
        reader = self.reader
        reader.accept("references")
        parent, parents = reader.take(), _columns(reader.group())
        actions = {"delete": "no action", "update": "no action"}
        deferred = False
        while True:
            if reader.word() == "on" and reader.word(1) in actions:
                event = reader.take(2)
                action = reader.take()
                actions[event] = f"{action} {reader.take()}" if action in ("set", "no") else action
            elif reader.accept("match"):
                reader.take()
            elif reader.accept("not", "deferrable"):
                self._initially()
            elif reader.accept("deferrable"):
                deferred = self._initially()
            else:
                break
        self.found.references.append(
            ForeignKeyDefinition(columns, parent, parents, actions["delete"], actions["update"], deferred)
        )

    def _initially(self) -> bool:
        return self.reader.accept("initially") and self.reader.take() == "deferred"


def _items(tokens: list[SqlToken]) -> list[list[SqlToken]]:
    """The items of a list, split at the commas outside parentheses."""
    found: list[list[SqlToken]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.text == "(") - (token.text == ")")
        if token.text == "," and depth == 0:
            found.append([])
        else:
            found[-1].append(token)
    return [item for item in found if item]


def _columns(tokens: list[SqlToken]) -> tuple[str, ...]:
    return tuple(normal(item[0]) for item in _items(tokens))


def _text(tokens: list[SqlToken]) -> str:
    return " ".join(normal(token) for token in tokens)
