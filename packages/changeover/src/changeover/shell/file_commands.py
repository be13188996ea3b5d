"""Commands that write files: which file a ``cp``, a ``mv``, a ``>`` or a ``dd of=`` would put something into.

Rule: a database is not a file to its users. Written while it is open, it loses what is in its WAL, and every
row and every ledger entry since the copy.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import pairwise

from changeover.shell.feeders import fed_with_names, found_names
from changeover.shell.file_use import FileUse, named_in, option_letters, packed
from changeover.shell.git_commands import git_use
from changeover.shell.programs import file_literals
from changeover.shell.script import ShellCommand, Simple
from changeover.shell.wrappers import program, programs_of, unwrapped

_SUFFIX = re.compile(r"\.(?:db3?|sqlite3?|s3db|sdb)(?:-wal|-shm|-journal)?$", re.IGNORECASE)
_SIDE = re.compile(r"-(?:wal|shm|journal)$")
_PACKED = re.compile(r"\.(?:gz|tgz|xz|txz|zst|bz2|lz4|br|zip|tar|7z)$", re.IGNORECASE)
_BACKUP = re.compile(r"(?i)(?:^|[/._:-])(?:back-?ups?|bak|dump|snapshots?)(?:[/._:-]|\d|$)")
_GLUED = re.compile(r"(?:-o|--output=|--output-document=)([^-=].*)")
_HERE = (".", "./.", "$PWD", "${PWD}", "$(pwd)")
_WRITES = (">", ">>", ">|", "&>", "&>>")


def file_uses(command: ShellCommand) -> list[FileUse]:
    """What each program of a pipeline does with files, also where it is sent to another host."""
    parts = list(programs_of(command))
    fed = map(fed_with_names, parts, [None, *parts])
    return [_use(part) for part in (*parts, *filter(None, fed))]


def _use(part: Simple) -> FileUse:
    words = unwrapped(part)
    rest = [one for word in words[1:] for one in _braced(word.text)]
    read = _READERS.get(program(words))
    if program(words) in _TRANSFERS:
        found = _transferred(part, rest)
    elif program(words) == "find":
        found = FileUse(removed=tuple(found_names(part)) if "-delete" in rest else ())
    else:
        found = read(rest) if read is not None else _of_a_program(part) or FileUse()
    written = [target.text for operator, target in part.redirects if operator in _WRITES]
    copied = [target.text for operator, target in part.redirects if operator == "<"]
    return replace(found, written=(*written, *found.written), copied=(*copied, *found.copied))


def _of_a_program(part: Simple) -> FileUse | None:
    """What a one-line program of Python, Perl, Ruby or Node does, by the names of files in it."""
    words = [word.text for word in unwrapped(part)]
    if words[:1] in (["perl"], ["ruby"]) and any(re.match(r"-[0alnpw]*i", text) for text in words[1:]):
        return FileUse(tuple(named_in(words[1:])))
    literals = file_literals(part)
    return FileUse(written=literals) if literals else None


def _braced(text: str) -> list[str]:
    """``app.db{,.bak}`` as the two words that a shell makes of it."""
    before, opening, rest = text.rpartition("{")
    inner, closing, after = rest.partition("}")
    if opening and closing and "," in inner:
        return [before + one + after for one in inner.split(",")]
    return [text]


def _into(target: str, sources: Iterable[str]) -> list[str]:
    """The files that copies become: the target, or where that is a folder the names in it."""
    if target.endswith("/") or target.rsplit("/", 1)[-1] in (".", ".."):
        return [f"{target.rstrip('/')}/{source.rstrip('/').rsplit('/', 1)[-1]}" for source in sources]
    return [target]


def _copy(rest: Sequence[str]) -> FileUse:
    """``cp a b``, ``cp a b DIR/``, ``cp -t DIR a``."""
    folder = next(_after(rest, ("-t", "--target-directory")), None)
    folder = folder or next(
        (text.partition("=")[2] for text in rest if text.startswith("--target-dir")), None
    )
    named = [text for text in named_in(rest) if text != folder]
    if folder is not None:
        named.append(f"{folder}/")
    if len(named) < 2:
        return FileUse()
    *sources, target = named
    return FileUse(tuple(_into(target, sources)), tuple(sources), restored=_restored(target, sources))


def _restored(target: str, sources: Iterable[str]) -> tuple[str, ...]:
    """The target, where one of the sources is a backup by its name and the target is not."""
    return (target,) if any(map(is_backup, sources)) and not is_backup(target) else ()


def _move(rest: Sequence[str]) -> FileUse:
    found = _copy(rest)
    return FileUse(found.written, removed=found.copied, restored=found.restored)


def _remove(rest: Sequence[str]) -> FileUse:
    return FileUse(removed=tuple(named_in(rest)))


def _write(rest: Sequence[str]) -> FileUse:
    return FileUse(tuple(named_in(rest)))


def _block_copy(rest: Sequence[str]) -> FileUse:
    return FileUse(
        tuple(text[3:] for text in rest if text.startswith("of=")),
        tuple(text[3:] for text in rest if text.startswith("if=")),
    )


def _archive(rest: Sequence[str]) -> FileUse:
    """``tar xzf a.tgz app.db`` writes, ``tar czf a.tgz app.db`` copies; ``app.db.tgz`` holds ``app.db``."""
    flags = option_letters(rest) if rest[:1] and rest[0].startswith("-") else "".join(rest[:1])
    long = set(rest)
    named = [text for text in named_in(rest) if text.lstrip("-") != flags]
    if "x" in flags or long & {"--extract", "--get"}:
        folder = next(_after(rest, ("-C", "--directory")), ".")
        named = [text for text in named if text != folder]
        return FileUse((*named[1:], *map(_unpacked, named[:1])), restored=_restored(folder, named[:1]))
    if flags[:1] in ("c", "r", "u") or "c" in flags or long & {"--create", "--append"}:
        return packed(named[1:], moves="--remove-files" in long)
    return FileUse()


def _zip(rest: Sequence[str]) -> FileUse:
    """``zip a.zip app.db`` copies; with ``-m`` the file is gone afterwards."""
    return packed(named_in(rest)[1:], moves="m" in option_letters(rest) or "--move" in rest)


def _unzip(rest: Sequence[str]) -> FileUse:
    if rest[:1] in (["a"], ["u"]):  # 7z a archive.7z app.db
        return packed(named_in(rest)[2:], moves="-sdel" in rest)
    folder = next(_after(rest, ("-d",)), ".")
    named = [text for text in named_in(rest) if text != folder and text not in ("x", "e")]
    return FileUse((*named[1:], *map(_unpacked, named[:1])), restored=_restored(folder, named[:1]))


def _unpack(rest: Sequence[str]) -> FileUse:
    """``gunzip app.db.gz`` and ``gunzip -k`` write ``app.db``; with ``-c`` what is redirected says where."""
    if _to_stdout(rest):
        return FileUse((), ())
    return FileUse(tuple(_unpacked(text) for text in named_in(rest)))


def _pack(rest: Sequence[str]) -> FileUse:
    """``gzip app.db`` takes the file away; with ``-k`` or ``-c`` it only reads it; with ``-d`` it unpacks."""
    letters = "".join(text[1:] for text in rest if re.fullmatch(r"-[A-Za-z0-9]+", text))
    if "d" in letters or {"--decompress", "--uncompress"} & set(rest):
        return _unpack(rest)
    keeps = _to_stdout(rest) or "k" in letters or "--keep" in rest
    return packed(named_in(rest), moves=not keeps)


def _to_stdout(rest: Sequence[str]) -> bool:
    return "c" in option_letters(rest) or bool({"--stdout", "--to-stdout"} & set(rest))


def _unpacked(name: str) -> str:
    while _PACKED.search(name):
        name = _PACKED.sub("", name)
    return name


def _fetched(rest: Sequence[str]) -> FileUse:
    """``curl -o FILE``, ``curl -fsSLO URL``, ``wget -O FILE``, ``wget URL``."""
    options = ("-o", "-O", "--output", "--output-document", "-f", "--file")
    glued = (match[1] for match in map(_GLUED.fullmatch, rest) if match)
    addresses = (text.partition("?")[0] for text in rest if "://" in text)
    return FileUse((*_after(rest, options), *glued, *(one.rsplit("/", 1)[-1] for one in addresses)))


def _replicated(rest: Sequence[str]) -> FileUse:
    """``litestream restore app.db`` writes it, or what ``-o`` names."""
    fetched = _fetched(rest).written
    return FileUse(fetched or (tuple(named_in(rest)[-1:]) if "restore" in rest else ()))


def _stored(rest: Sequence[str]) -> FileUse:
    """``aws s3 cp FROM TO``, ``docker cp FROM TO``, ``rclone copyto FROM TO``, ``s3cmd get FROM TO``."""
    verbs = ("cp", "mv", "copy", "copyto", "move", "moveto", "sync", "get", "put", "download", "rsync")
    place = next((place for place, text in enumerate(rest) if text in verbs), None)
    pair = named_in(rest[place + 1 :])[:2] if place is not None else []
    copies = _move if place is not None and rest[place] in ("mv", "move", "moveto") else _copy
    found = copies(pair) if len(pair) == 2 else FileUse()
    written = (*found.written, *_after(rest, ("-f", "--file")))
    return FileUse(
        _local_only(written),
        _local_only(found.copied),
        _local_only(found.removed),
        _local_only(found.restored),
    )


def _local_only(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(one for one in names if "://" not in one)


def _transferred(part: Simple, rest: Sequence[str]) -> FileUse:
    """What ``sftp``, ``ftp`` and ``lftp`` are told to do, line by line; without that ``sftp HOST:FILE .``."""
    given = [target.text for operator, target in part.redirects if operator in ("<<", "<<-", "<<<")]
    given += _after(rest, ("-e", "-c"))
    if not given:
        return _copy(rest)
    uses = [
        _SENT[words[0]](words[1:])
        for line in re.split(r"[\n;]", "\n".join(given))
        if (words := line.split()) and words[0] in _SENT
    ]
    return FileUse(
        tuple(name for use in uses for name in use.written),
        tuple(name for use in uses for name in use.copied),
        tuple(name for use in uses for name in use.removed),
        tuple(name for use in uses for name in use.restored),
    )


def _sent(rest: Sequence[str]) -> FileUse:
    """``get FROM TO``, ``get FILE``, ``get FROM -o TO``."""
    named = named_in(rest)
    return FileUse((named[-1].rsplit("/", 1)[-1],), (named[0],)) if len(named) == 1 else _copy(rest)


def _sync(rest: Sequence[str]) -> FileUse:
    found = _copy(rest)
    removed = found.copied if "--remove-source-files" in rest else ()
    emptied = named_in(rest)[-1:] if any(text.startswith("--del") for text in rest) else []
    return replace(found, removed=(*removed, *emptied))


def _extracted(rest: Sequence[str]) -> FileUse:
    """``borg extract REPO::ARCHIVE app.db``, ``restic restore latest --target . --include app.db``."""
    if not {"extract", "restore"} & set(rest):
        return FileUse()
    folders = tuple(_after(rest, ("-t", "--target", "--target-path"))) or (".",)
    return FileUse(tuple(named_in(rest)), restored=folders)


def _in_and_out(rest: Sequence[str]) -> FileUse:
    """``cpio -i app.db`` writes; with ``-o`` and ``-p`` standard input says what is read."""
    return FileUse(tuple(named_in(rest)) if "i" in option_letters(rest) or "--extract" in rest else ())


def _edited(rest: Sequence[str]) -> FileUse:
    in_place = any(re.match(r"-[A-Za-z]*i|--in-place", text) for text in rest)
    return FileUse(tuple(named_in(rest)) if in_place else ())


def _utilities(rest: Sequence[str]) -> FileUse:
    """``sqlite-utils insert app.db t file.json``; what only looks, and a query, is not told."""
    named = named_in(rest)
    return FileUse(tuple(named[1:2]) if named and named[0] in _UTILITIES else ())


def _deciphered(rest: Sequence[str]) -> FileUse:
    """``gpg -o FILE -d``, ``age -d -o FILE``, ``openssl enc -d -out FILE``."""
    joined = (text.partition("=")[2] for text in rest if text.startswith("--output="))
    return FileUse((*_after(rest, ("-o", "--output", "-out")), *joined))


def _read(rest: Sequence[str]) -> FileUse:
    return FileUse((), tuple(named_in(rest)))


def _to_end(rest: Sequence[str]) -> FileUse:
    return FileUse(tuple(named_in(rest)[-1:]))


def _after(texts: Sequence[str], options: Iterable[str]) -> Iterator[str]:
    for option, value in pairwise(texts):
        if option in options:
            yield value


_UTILITIES = {
    "add-column", "add-foreign-key", "add-foreign-keys", "bulk", "convert", "create-index", "create-table",
    "create-view", "disable-fts", "drop-table", "drop-view", "duplicate", "enable-fts", "extract", "insert",
    "insert-files",
    "rename-table", "transform", "upsert",
}  # fmt: skip
_READERS: Mapping[str, Callable[[Sequence[str]], FileUse]] = {
    **dict.fromkeys(("cp", "install", "ln", "scp", "ditto", "copy", "gcp", "pcp"), _copy),
    **dict.fromkeys(("mv", "gmv", "move"), _move),
    **dict.fromkeys(("rsync",), _sync),
    **dict.fromkeys(("rm", "unlink", "shred", "truncate", "trash", "srm"), _remove),
    **dict.fromkeys(("tee", "sponge", "fallocate"), _write),
    **dict.fromkeys(("dd",), _block_copy),
    **dict.fromkeys(("tar", "gtar", "bsdtar"), _archive),
    **dict.fromkeys(("unzip", "7z", "7za", "7zz"), _unzip),
    "zip": _zip,
    **dict.fromkeys(("gunzip", "unxz", "unzstd", "bunzip2", "unlz4", "uncompress"), _unpack),
    **dict.fromkeys(("gzip", "pigz", "xz", "zstd", "bzip2", "lz4", "brotli"), _pack),
    **dict.fromkeys(("curl", "wget", "az", "http", "https", "xh", "aria2c", "sort", "uudecode"), _fetched),
    **dict.fromkeys(("gpg", "gpg2", "age", "rage", "openssl"), _deciphered),
    "litestream": _replicated,
    **dict.fromkeys(
        ("aws", "gsutil", "gcloud", "rclone", "mc", "s3cmd", "s5cmd", "b2", "docker", "podman", "kubectl",
         "oc", "docker-compose", "flyctl", "fly"), _stored),
    "git": git_use,
    "cpio": _in_and_out,
    "sqlite-utils": _utilities,
    **dict.fromkeys(("borg", "borgmatic", "restic", "rustic", "kopia", "duplicity"), _extracted),
    **dict.fromkeys(("sed", "gsed"), _edited),
    **dict.fromkeys(("sqlite3_rsync", "ddrescue", "dcfldd"), _to_end),
    **dict.fromkeys(("cat", "pv", "zcat", "gzcat", "xzcat", "zstdcat", "bzcat"), _read),
}  # fmt: skip

_TRANSFERS = ("sftp", "ftp", "lftp")
_SENT: Mapping[str, Callable[[Sequence[str]], FileUse]] = {
    **dict.fromkeys(("get", "put", "reget", "reput", "mget", "mput", "pget"), _sent),
    **dict.fromkeys(("rm", "mrm", "delete", "mdelete"), _remove),
    **dict.fromkeys(("mv", "rename"), _move),
}


def is_backup(name: str) -> bool:
    """Whether a file or a folder is a backup by its name: ``/backup/``, ``app-bak.tgz``, ``snapshots/1``."""
    return _BACKUP.search(name) is not None


def databases_written(use: FileUse, known: Sequence[str]) -> list[str]:
    """What a command writes of databases: files, and folders where one may be that it fills from a backup."""
    files = [name for name in use.written if is_database_file(name, known)]
    return [*files, *(folder for folder in use.restored if _may_hold(folder, known))]


def names_database(name: str, known: Iterable[str]) -> bool:
    """Whether a name or a pattern is that of a known database, in whatever folder, or of a file beside it."""
    folder, _, plain = _SIDE.sub("", _local(name)).rstrip("/").rpartition("/")
    files = {one.rsplit("/", 1)[-1] for one in known if one}
    if plain.strip('"') in files:
        return True
    if not re.search(r"[*?\[]", plain):
        return False
    near = folder in ("", ".") or any(one.startswith(f"{folder}/") for one in known)
    beside = [file + side for file in files for side in ("", "-wal", "-shm")]
    return (near or bool(re.search(r"\w", plain))) and any(fnmatchcase(one, plain) for one in beside)


def holds_database(folder: str, known: Iterable[str]) -> bool:
    """Whether a known database lies in a folder, as both are written."""
    plain = _local(folder).rstrip("/")
    if plain in _HERE:
        return any(not one.startswith(("/", "../")) for one in known)
    return any(one.removeprefix("./").startswith(plain.removeprefix("./") + "/") for one in known)


def _local(name: str) -> str:
    """A name without the host before it."""
    remote = re.match(r"[\w.@-]+:[^/\\]*/?", name) and "://" not in name
    return name.partition(":")[2] if remote else name


def _may_hold(folder: str, known: Sequence[str]) -> bool:
    """Whether a database may lie in a folder: not where both are known from the root on and differ."""
    if not _local(folder).startswith("/") or not all(one.startswith("/") for one in known):
        return True
    return holds_database(folder, known)


def is_database_file(name: str, known: Iterable[str] = ()) -> bool:
    """Whether a name is that of a known database, of the files beside it, or looks like a database's."""
    return names_database(name, known) or _SUFFIX.search(name) is not None
