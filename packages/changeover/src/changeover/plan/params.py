"""Parameters and secrets: bound once before anything runs, given out in a form that is safe for each use.

Rule: a value never becomes code. SQL gets it bound (``:name``; a map as JSON text for ``json_each(:name)``),
a shell gets it in its environment, a URL percent-encoded, a JSON body escaped, a header without line breaks.
Secrets come from the environment only, and `Redactor` hides them in all that is shown or kept.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote

from changeover.errors import BadParameter
from changeover.plan.model import Parameter, ParameterKind, Plan
from changeover.plan.placeholders import is_placeholder
from changeover.plan.redaction import Redactor
from changeover.plan.variables import NAME

Value = str | Mapping[str, str] | None
_LEAST_SECRET = 4


@dataclass(frozen=True, slots=True, repr=False)
class BoundParameters:
    """The value of every parameter of a plan. Its ``repr`` shows no value.

    ``hidden`` are secrets besides, by the names that stand for them: the tokens of the database's server.
    """

    values: Mapping[str, Value]
    secrets: frozenset[str]
    hidden: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Values({', '.join(sorted(self.values))})"

    @property
    def redactor(self) -> Redactor:
        """Hides this run's secrets."""
        own = {name: str(self.values[name]) for name in self.secrets if self.values[name]}
        return _redactor(tuple(sorted({**self.hidden, **own}.items())))

    def expand(self, text: str) -> str:
        """The text with each ``${NAME}`` replaced as it is; for comparing and showing, never for code."""
        return self._expand(text, lambda value, _: value)

    def expand_url(self, text: str) -> str:
        """A URL: a value at its very start is a base and taken as it is, all others are percent-encoded."""
        return self._expand(text, lambda value, at: value if at == 0 else quote(value, safe=""))

    def expand_header(self, text: str) -> str:
        """A header value. Raises `BadParameter` where a value holds a line break."""
        expanded = self.expand(text)
        if re.search(r"[\r\n\0]", expanded):
            raise BadParameter(f"a line break in a value of the header {text!r}", hint="mend the parameter")
        return expanded

    def expand_body(self, text: str) -> str:
        """A request body: values are escaped as JSON texts where the body is JSON."""
        is_json = text.lstrip()[:1] in ("{", "[")
        return self._expand(text, lambda value, _: json.dumps(value)[1:-1] if is_json else value)

    def environment(self) -> dict[str, str]:
        """What a shell script gets in its environment besides its own; a map is a JSON object."""
        return {name: text for name in self.values if (text := self._as_text(name)) is not None}

    def public(self) -> dict[str, Value]:
        """Values to record: secrets as ``[name]``, everything else as it is."""
        return {name: f"[{name}]" if name in self.secrets else value for name, value in self.values.items()}

    def _as_text(self, name: str) -> str | None:
        value = self.values[name]
        return json.dumps(dict(value), ensure_ascii=False) if isinstance(value, Mapping) else value

    def _expand(self, text: str, form: Callable[[str, int], str]) -> str:
        return NAME.sub(lambda match: form(self._known(match[1]), match.start()), text)

    def _known(self, name: str) -> str:
        if name not in self.values:
            raise BadParameter(
                f"${{{name}}} has no value", hint="declare it under parameters in the front matter"
            )
        return self._as_text(name) or ""


@lru_cache(maxsize=8)
def _redactor(secrets: tuple[tuple[str, str], ...]) -> Redactor:
    """Made once for a run: its pattern is long."""
    return Redactor(dict(secrets))


def bind(plan: Plan, settings: Sequence[str], environment: Mapping[str, str]) -> BoundParameters:
    """The values for a plan. ``settings`` are the ``--set`` arguments, ``environment`` is ``os.environ``.

    A parameter's value is, in this order: ``--set``, its environment variable, its default. Raises
    `BadParameter` with every fault: unknown, missing, of a wrong form, a placeholder, a secret by ``--set``.
    """
    given, problems = _given(plan, settings)
    values: dict[str, Value] = {}
    for parameter in plan.parameters:
        value, fault = _value(parameter, given, environment)
        values[parameter.name] = value
        problems.extend(fault or _problems(parameter, value))
    if problems:
        raise BadParameter("\n".join(problems), hint="nothing was run")
    secrets = frozenset(p.name for p in plan.parameters if p.secret)
    return BoundParameters(values, secrets)


def _given(plan: Plan, settings: Sequence[str]) -> tuple[dict[str, Value], list[str]]:
    known = {parameter.name: parameter for parameter in plan.parameters if parameter.declared}
    given: dict[str, Value] = {}
    problems: list[str] = []
    for setting in settings:
        name, equals, text = setting.partition("=")
        top, _, key = name.partition(".")
        if not equals or top not in known:
            names = ", ".join(sorted(known)) or "none"
            problems.append(f"--set {name}: no such parameter, or no '='; this plan has: {names}")
        elif known[top].secret:
            problems.append(
                f"--set {name}: a secret comes from the environment only ({known[top].env or top})"
            )
        elif (known[top].kind is ParameterKind.MAP) != bool(key):
            form = f"{top}.KEY=VALUE" if known[top].kind is ParameterKind.MAP else f"{top}=VALUE"
            problems.append(f"--set {name}: write --set {form}")
        else:
            problems.extend(_put(given, top, key, text))
    return given, problems


def _put(given: dict[str, Value], top: str, key: str, text: str) -> list[str]:
    before = given.get(top)
    entries = dict(before) if isinstance(before, Mapping) else {}
    if (key and key in entries) or (not key and top in given):
        return [f"--set {top}{'.' + key if key else ''} is given twice; keep one"]
    given[top] = {**entries, key: text} if key else text
    return []


def _value(
    parameter: Parameter, given: Mapping[str, Value], environment: Mapping[str, str]
) -> tuple[Value, list[str]]:
    if parameter.name in given:
        return given[parameter.name], []
    text = environment.get(parameter.env or parameter.name, parameter.default)
    if text is None:
        return (
            ({}, _missing(parameter)) if parameter.kind is ParameterKind.MAP else (None, _missing(parameter))
        )
    if parameter.kind is ParameterKind.TEXT:
        return text, []
    try:
        entries = json.loads(text)
    except json.JSONDecodeError:
        entries = None
    if not isinstance(entries, dict):
        return {}, [
            f'{parameter.name}: a map in the environment or as default is a JSON object, such as {{"a": "b"}}'
        ]
    return {str(key): str(value) for key, value in entries.items()}, []


def _missing(parameter: Parameter) -> list[str]:
    if not parameter.required and not parameter.secret:
        return []
    name, about = parameter.name, f" ({parameter.help})" if parameter.help else ""
    if parameter.secret:
        return [f"{name}{about} is missing: set the environment variable {parameter.env or name}"]
    key = ".KEY" if parameter.kind is ParameterKind.MAP else ""
    return [f"{name}{about} is missing: --set {name}{key}=VALUE"]


def _problems(parameter: Parameter, value: Value) -> list[str]:
    if value is None:
        return []
    if parameter.secret:
        short = len(str(value)) < _LEAST_SECRET
        reason = "is too short to be hidden in reports"
        way = f"declare it with secret: false, or use at least {_LEAST_SECRET} characters"
        return [f"{parameter.name} {reason}; {way}"] if short else []
    entries = value if isinstance(value, Mapping) else {"": value}
    return [fault for key, text in entries.items() for fault in _text_problems(parameter, key, text)]


def _text_problems(parameter: Parameter, key: str, text: str) -> list[str]:
    name = f"{parameter.name}.{key}" if key else parameter.name
    if is_placeholder(text):
        return [f"{name}={text!r} is a placeholder: give the real value"]
    if parameter.pattern and not re.fullmatch(parameter.pattern, text):
        return [f"{name}={text!r} does not match {parameter.pattern}"]
    return []
