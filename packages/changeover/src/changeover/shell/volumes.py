"""Commands that take a whole volume, container or machine away, or put an old state of one back.

Rule: a database lies somewhere, and who takes that away takes the database along: no file is named in such a
command. What only stops or starts something is none of them.
"""

from collections.abc import Sequence

from changeover.shell.script import ShellCommand, Simple
from changeover.shell.wrappers import program, programs_of, unwrapped

_CONTAINERS = (("volume", "rm"), ("volume", "remove"), ("volume", "prune"))
_COMPOSED = (("down", "-v"), ("down", "--volumes"), ("rm", "-v"))
_CLAIMS = tuple(
    ("delete", kind)
    for kind in ("pvc", "persistentvolumeclaim", "persistentvolumeclaims", "pv", "namespace", "ns")
)
_FLY = tuple((kind, verb) for kind in ("volume", "volumes", "vol") for verb in ("destroy", "delete", "rm"))
_GUESTS = (("rollback",), ("destroy",))
_VERBS: dict[str, tuple[tuple[str, ...], ...]] = {
    **dict.fromkeys(("docker", "podman", "nerdctl"), (*_CONTAINERS, ("prune", "--volumes"), *_COMPOSED)),
    **dict.fromkeys(("docker-compose", "podman-compose"), _COMPOSED),
    **dict.fromkeys(("kubectl", "oc"), _CLAIMS),
    **dict.fromkeys(("fly", "flyctl"), (*_FLY, ("apps", "destroy"))),
    "zfs": (("rollback",), ("destroy",)),
    "zpool": (("destroy",),),
    "btrfs": (("subvolume", "delete"),),
    "snapper": (("rollback",), ("undochange",)),
    "lvconvert": (("--merge",), ("--mergesnapshot",)),
    **dict.fromkeys(("qm", "pct"), _GUESTS),
    "virsh": (("snapshot-revert",),),
    **dict.fromkeys(("lxc", "incus"), (("restore",), ("delete",))),
    "vagrant": (("destroy",), ("snapshot", "restore"), ("snapshot", "pop")),
    **dict.fromkeys(("rails", "rake"), (("db:drop",), ("db:reset",), ("db:schema:load",), ("db:purge",))),
    "artisan": (("migrate:fresh",), ("migrate:refresh",), ("migrate:reset",), ("db:wipe",)),
    "prisma": (("migrate", "reset"),),
    "manage.py": (("flush",), ("reset_db",)),
    "mix": (("ecto.drop",), ("ecto.reset",)),
    "sequelize": (("db:drop",),),
}
"""The words, in their order and among others, by which a program takes away all that it holds."""
_ALWAYS = ("lvremove", "vgremove", "wipefs", "blkdiscard", "mkfs")
_INTERPRETERS = ("python", "python3", "php", "ruby")


def volume_taken(command: ShellCommand) -> bool:
    """Whether a program of a pipeline, here or elsewhere, takes away where a database may lie."""
    return any(map(_takes, programs_of(command)))


def _takes(part: Simple) -> bool:
    words = unwrapped(part)
    if program(words) in _INTERPRETERS and words[1:]:
        words = words[1:]
    name, texts = program(words), [word.text for word in words[1:]]
    if {"--help", "-h", "--dry-run"} & set(texts):
        return False
    return name.partition(".")[0] in _ALWAYS or any(_said(verbs, texts) for verbs in _VERBS.get(name, ()))


def _said(verbs: Sequence[str], texts: Sequence[str]) -> bool:
    rest = iter(texts)
    return all(verb in rest for verb in verbs)
