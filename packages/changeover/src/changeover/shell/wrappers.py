"""Programs that run another one: here (``sudo``, ``env``), in another shell, or on another machine.

Rule: two kinds. A wrapper stands before the words of the program that it runs, and is taken off
(`unwrapped`). A carrier is given a command line for somewhere else, as words or as one text, which is read as
a script of its own (`elsewhere`).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from changeover.shell.script import ShellCommand, Simple, Word, commands_of, substituted

_WRAPPERS = {
    "env": ("uCS", 0), "sudo": ("ugphCTrtDR", 0), "doas": ("uC", 0), "nohup": ("", 0), "time": ("fo", 0),
    "nice": ("n", 0), "ionice": ("cnp", 0), "command": ("", 0), "exec": ("a", 0), "timeout": ("ks", 1),
    "stdbuf": ("ioe", 0), "chronic": ("", 0), "builtin": ("", 0), "setsid": ("", 0), "unbuffer": ("", 0),
    "flock": ("wE", 1), "gosu": ("", 1), "su-exec": ("", 1), "chroot": ("", 1), "runuser": ("uggs", 0),
    "systemd-run": ("pEMHut", 0), "busybox": ("", 0), "toybox": ("", 0), "npx": ("pw", 0),
    "caffeinate": ("tw", 0), "proxychains": ("f", 0), "strace": ("eopsu", 0), "script": ("", 0),
    "sshpass": ("pfe", 0), "watch": ("n", 0), "coproc": ("", 0), "nsenter": ("tSG", 0), "unshare": ("", 0),
    "faketime": ("", 1),
}  # fmt: skip
"""Those of their short options that take a value, and how many words stand before the program they run."""
_RUNNERS = {
    "poetry": "run", "uv": "run", "pipenv": "run", "rye": "run", "hatch": "run", "bundle": "exec",
    "pnpm": "exec", "npm": "exec", "direnv": "exec", "doppler": "run", "op": "run", "infisical": "run",
    "dotenv": "run", "mise": "exec",
}  # fmt: skip
"""Wrappers of which only one word of their own runs a program."""
_LONG_VALUED = {
    "user", "group", "chdir", "host", "prompt", "signal", "kill-after", "adjustment", "unset", "namespace",
    "container", "context", "kubeconfig", "cluster", "env", "env-file", "workdir", "index", "app", "remote",
    "size", "type", "project", "zone", "region", "account", "config", "file", "project-directory", "profile",
    "machine", "service", "environment", "detach-keys", "identity", "port", "volume", "mount",
    "network", "name", "entrypoint", "platform", "org", "directory", "project-name", "pod-running-timeout",
    "uid", "gid", "unit", "property", "setenv", "package", "address", "gem", "output",
}  # fmt: skip
"""Long options, of any of them, whose value is the next word."""


@dataclass(frozen=True, slots=True)
class _Carrier:
    """How a program carries a command elsewhere.

    ``verbs``: one of these words of its own must stand there (empty: none is needed), ``valued`` are short
    options with a value, ``text`` the options whose value is the whole command line. Else the words behind
    ``places`` (those that name where) are it; ``joined``: a shell there reads them as one line.
    """

    verbs: tuple[str, ...] = ()
    valued: str = ""
    text: tuple[str, ...] = ()
    places: int = 1
    joined: bool = False


_SHELL = _Carrier(text=("-c", "--command"), places=0)
_CONTAINERS = _Carrier(verbs=("exec", "run", "debug"), valued="uewnclvpfmh")
_HERE = ("<<", "<<-", "<<<")
_CARRIERS = {
    **dict.fromkeys(("sh", "bash", "dash", "ash", "zsh", "ksh"), _SHELL),
    "su": _SHELL,
    "eval": _Carrier(places=0, joined=True),
    "trap": _Carrier(places=0, joined=True),
    "screen": _Carrier(valued="ScehLpsTt", places=0),
    "tmux": _Carrier(("new", "new-session", "new-window", "neww"), "scntxyFeb", places=0, joined=True),
    "machinectl": _Carrier(("shell",), "M"),
    "nix-shell": _Carrier(text=("--run", "--command"), places=0),
    "ssh": _Carrier(valued="bcDEeFIiJLlmOopQRSWw", joined=True),
    "autossh": _Carrier(valued="bcDEeFIiJLlmMOopQRSWw", joined=True),
    "mosh": _Carrier(valued="p"),
    **dict.fromkeys(("docker", "podman", "nerdctl", "docker-compose", "podman-compose"), _CONTAINERS),
    **dict.fromkeys(("kubectl", "oc", "k3s", "microk8s", "crictl"), _CONTAINERS),
    **dict.fromkeys(("lxc", "incus", "distrobox", "toolbox"), _Carrier(("exec", "run", "enter"))),
    "pct": _Carrier(("exec",)),
    **dict.fromkeys(
        ("flyctl", "fly"), _Carrier(("console", "exec"), "agru", ("-C", "--command"), joined=True)),
    "gcloud": _Carrier(("ssh",), text=("--command",)),
    "vagrant": _Carrier(("ssh",), text=("-c", "--command")),
    "heroku": _Carrier(("run", "run:inside", "ps:exec"), "ars", places=0, joined=True),
    **dict.fromkeys(
        ("scalingo", "railway", "render", "clever"), _Carrier(("run", "ssh"), "apse", places=0, joined=True)),
    "dokku": _Carrier(("run", "enter"), joined=True),
    "ansible": _Carrier(text=("-a", "--args"), valued="imuelM"),
}  # fmt: skip


def program(words: Sequence[Word]) -> str:
    """The name of a program without its path: ``${TURSO:-/opt/turso}`` is ``turso``."""
    text = words[0].text if words else ""
    default = re.fullmatch(r"\$\{\w+:?[-=](.+)\}", text)
    return (default[1] if default else text).rsplit("/", 1)[-1].removesuffix(".exe")


def unwrapped(simple: Simple) -> list[Word]:
    """The words of a program without what stands before it: ``sudo -u app env X=1 /usr/bin/sqlite3 ...``."""
    words = list(simple.words)
    while words:
        name = program(words)
        if name in _RUNNERS and [word.text for word in words[1:2]] == [_RUNNERS[name]]:
            words = behind_options(words[2:], "")
        elif name in _WRAPPERS:
            valued, places = _WRAPPERS[name]
            words = behind_options(words[1:], valued)[places:]
        else:
            return words
    return words


def behind_options(words: list[Word], valued: str) -> list[Word]:
    """What is left when options, their values and assignments are taken off the front."""
    while words and (words[0].text.startswith("-") or re.match(r"[A-Za-z_]\w*=", words[0].text)):
        if words[0].text == "--":
            return words[1:]
        words = words[1 + _takes_next(words[0].text, valued) :]
    return words


def _takes_next(option: str, valued: str) -> bool:
    """Whether an option's value is the next word: ``-u app``, ``-iu app``, ``--user app``; not ``-uapp``."""
    if option.startswith("--"):
        return option[2:] in _LONG_VALUED
    found = next((place for place, letter in enumerate(option[1:], 1) if letter in valued), None)
    return option.startswith("-") and found is not None and found == len(option) - 1


def elsewhere(simple: Simple) -> tuple[str, list[ShellCommand]]:
    """The host or container that a command is sent to, and the commands run there.

    No host: another shell here. No commands: it is sent nowhere.
    """
    words = unwrapped(simple)
    carrier = _CARRIERS.get(program(words))
    if carrier is None:
        return "", []
    host, sent = _given(words, carrier, simple)
    shell = _is_shell(sent) if sent else carrier is _SHELL or carrier.joined
    dictated = [target.text for operator, target in simple.redirects if operator in _HERE]
    return (host, commands_of(dictated[-1])) if shell and dictated else (host, sent)


def _is_shell(sent: Sequence[ShellCommand]) -> bool:
    """Whether the commands are a shell alone, which reads others: ``bash -s``."""
    words = unwrapped(sent[-1].parts[-1])
    return len(sent) == 1 and _CARRIERS.get(program(words)) is _SHELL


def _given(words: list[Word], carrier: _Carrier, simple: Simple) -> tuple[str, list[ShellCommand]]:
    """The host, and the commands that stand in a carrier's own words."""
    texts = [word.text for word in words[1:]]
    if carrier.verbs:
        texts = _behind_verb(texts, carrier.verbs)
    if carrier.text and (line := _text(texts, carrier.text)) is not None:
        return ("" if carrier is _SHELL else program(words)), _sent(line, simple)
    if carrier.text and not carrier.joined:
        behind = texts[texts.index("--") + 1 :] if "--" in texts and carrier is not _SHELL else []
        return program(words), _sent(" ".join(behind), simple)
    return _words_sent(program(words), texts, carrier, simple)


def _words_sent(
    name: str, texts: list[str], carrier: _Carrier, simple: Simple
) -> tuple[str, list[ShellCommand]]:
    """What the words behind the host or container are; behind a ``--`` all are the command's."""
    rest = _positional(texts, carrier.valued)
    where, rest = rest[: carrier.places], rest[carrier.places :]
    rest = _positional(rest, carrier.valued)
    rest = rest[1:] if rest[:1] == ["--"] else rest
    if len(where) < carrier.places or not rest:
        return "", []
    one_text = carrier.joined and " " in rest[0]
    line = rest[0] if one_text else " ".join(rest if carrier.joined else map(_quoted, rest))
    return (where[0] if where else name), _sent(line, simple)


def _behind_verb(texts: list[str], verbs: tuple[str, ...]) -> list[str]:
    """The words behind the first that is one of the verbs; none where there is none."""
    places = [place for place, text in enumerate(texts) if text in verbs]
    return texts[places[0] + 1 :] if places else []


def _text(texts: list[str], options: tuple[str, ...]) -> str | None:
    """The value of an option that holds a command line: ``-c TEXT``, ``-lc TEXT``, ``--command=TEXT``."""
    short = "".join(option[1] for option in options if not option.startswith("--"))
    for place, text in enumerate(texts):
        name, joined, value = text.partition("=")
        if name in options and joined and name.startswith("--"):
            return value
        bundled = re.fullmatch(r"-[A-Za-z]+", text) and text[-1] in short
        if text in options or bundled:
            return texts[place + 1] if place + 1 < len(texts) else None
    return None


def _positional(texts: list[str], valued: str) -> list[str]:
    """The words from the first on that is no option and no option's value; ``--`` stays."""
    while texts and texts[0].startswith("-") and texts[0] != "--":
        texts = texts[1 + _takes_next(texts[0], valued) :]
    return texts


def _sent(line: str, simple: Simple) -> list[ShellCommand]:
    """The commands of a line that is read elsewhere; what is redirected here goes to the last of them."""
    sent = commands_of(line)
    if sent:
        sent[-1].parts[-1].redirects.extend(simple.redirects)
    return sent


def _quoted(text: str) -> str:
    return text if re.fullmatch(r"[\w./:=@%+,~-]+", text) else "'" + text.replace("'", "'\\''") + "'"


def dictated(command: ShellCommand) -> list[Simple]:
    """The programs of a pipeline; what ``echo`` or ``printf`` tells one stands in it as a here-string."""
    parts = list(command.parts)
    for place, (one, other) in enumerate(pairwise(command.parts), 1):
        words = unwrapped(one)
        if program(words) in ("echo", "printf") and not any(op.startswith("<") for op, _ in other.redirects):
            shown = [word for word in words[1:] if not word.text.startswith("-")]
            text = " ".join(word.text for word in shown).replace("\\n", "\n")
            names = frozenset(name for word in shown for name in word.names)
            said = Word(text, names, any(word.computed for word in shown))
            parts[place] = replace(other, redirects=[*other.redirects, ("<<<", said)])
    return parts


def programs_of(command: ShellCommand) -> Iterator[Simple]:
    """Every program of a pipeline, and of what is sent elsewhere by one."""
    for part in dictated(command):
        for inner in substituted(part):
            yield from programs_of(inner)
        _, sent = elsewhere(part)
        if sent:
            for inner in sent:
                yield from programs_of(inner)
        else:
            yield part
