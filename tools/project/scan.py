"""Find the files of a project, and refuse what must not or can't get into an image."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools.oci.part import PartError, check_path
from tools.project import ignore
from tools.project.errors import ProjectError

LARGEST = 1 << 30
"""No file is larger: every node that runs a task pulls it."""

_SHOWN = 5
_SECRETS = re.compile(
    r"\.env(?!\.(?:example|sample|template)$)(?:\..*)?|airflow_settings\.ya?ml|.*\.(?:pem|p12|pfx|jks|keystore|kdbx)|(?:.*[-_.])?id_(?:rsa|dsa|ecdsa|ed25519)"
    r"|\.netrc|\.pgpass|\.pypirc|\.git-credentials|\.dockercfg|credentials\.json|service[-_]account.*\.json"
)


@dataclass
class Project:
    """What of a project goes into its image; paths are relative to it.

    Attributes:
        directories: sorted.
        files: path -> (where it lies, whether its owner may execute it).
        links: path -> target.
        has_dags: whether there is a .py or .zip below dags/.
    """

    directories: list[str] = field(default_factory=list)
    files: dict[str, tuple[Path, bool]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    has_dags: bool = False


def scan(root: Path, shipped: Collection[str] = (), left_out: str = "") -> Project:
    """Walk a project's directory.

    Args:
        root: the project.
        shipped: paths of files that look like secrets but are meant to be in the image.
        left_out: rules in the form of .dockerignore that come before the project's own.

    Raises:
        ProjectError: a file can't or must not be in an image.
    """
    rules_file = root / ignore.FILE
    try:
        rules = ignore.parse(left_out) + ignore.parse(rules_file.read_text("utf-8-sig") if rules_file.is_file() else "")
    except UnicodeDecodeError:
        raise ProjectError(f"{ignore.FILE} is not UTF-8: save it as UTF-8") from None
    project = Project()
    secrets = []
    for path, entry, is_directory in sorted(_walk(root, ignore.Ignored(rules)), key=lambda item: os.fsencode(item[0])):
        _check_name(path)
        if is_directory:
            project.directories.append(path)
        elif entry.is_symlink():
            project.links[path] = _target(root, path)
        else:
            project.files[path] = _file(path, entry)
            if is_secret(path) and path not in shipped:
                secrets.append(path)
    refuse_secrets(
        secrets, f"name it in {ignore.FILE}", "say " + " ".join(f"--ship {path}" for path in secrets[:_SHOWN])
    )
    unknown = sorted(set(shipped) - project.files.keys())
    if unknown:
        raise ProjectError(f"--ship {unknown[0]}: the project has no such file, or {ignore.FILE} leaves it out")
    project.has_dags = any(
        path.startswith("dags/") and path.endswith((".py", ".zip")) for path in (*project.files, *project.links)
    )
    return project


def _walk(root: Path, ignored: ignore.Ignored) -> Iterator[tuple[str, os.DirEntry[str], bool]]:
    """Everything that a build sees. Of a directory that is left out, only what is above a file that is taken back in."""

    def visit(
        directory: str, above: list[tuple[str, os.DirEntry[str]]]
    ) -> Iterator[tuple[str, os.DirEntry[str], bool]]:
        try:
            entries = list(os.scandir(root / directory))
        except PermissionError:
            raise ProjectError(
                f"{directory or root}: this directory can't be read: chmod u+rx it, or name it in {ignore.FILE}"
            ) from None
        for entry in entries:
            path = f"{directory}/{entry.name}" if directory else entry.name
            is_directory = entry.is_dir(follow_symlinks=False)
            left_out = ignored(path, is_directory)
            if not left_out:
                for parent, parent_entry in above:
                    yield parent, parent_entry, True
                above.clear()
                yield path, entry, is_directory
                if is_directory:
                    yield from visit(path, [])
            elif is_directory and ignored.may_return(path):
                # Shared by all below it: whatever is found first brings the directories above.
                above.append((path, entry))
                yield from visit(path, above)
                if above and above[-1] == (path, entry):
                    above.pop()

    yield from visit("", [])


def _check_name(path: str) -> None:
    try:
        check_path(path)
    except PartError as error:
        raise ProjectError(f"{error}: rename it, or name it in {ignore.FILE}") from None


def _target(root: Path, path: str) -> str:
    """Return the target of a link, which must stay in the project."""
    target = os.readlink(root / path)
    place = os.path.normpath(os.path.join(os.path.dirname(path), target))
    if os.path.isabs(target) or place == ".." or place.startswith("../"):
        raise ProjectError(
            f"{path} is a link to {target}, outside of the project: copy that file in, or name the link in {ignore.FILE}"
        )
    # A link that goes through another one may still get out.
    real, top = os.path.realpath(root / path), os.path.realpath(root)
    if real != top and not real.startswith(top + os.sep):
        raise ProjectError(f"{path} is a link that leads to {real}, outside of the project: copy that file in")
    return target


def _file(path: str, entry: os.DirEntry[str]) -> tuple[Path, bool]:
    status = entry.stat(follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode):
        raise ProjectError(f"{path} is not a file, directory or link: remove it, or name it in {ignore.FILE}")
    if not status.st_mode & stat.S_IRUSR or not os.access(entry.path, os.R_OK):
        raise ProjectError(
            f"{path} can't be read (mode {status.st_mode & 0o7777:04o}): chmod u+r it, or name it in {ignore.FILE}"
        )
    check_size(path, status.st_size, f"name it in {ignore.FILE}")
    return Path(entry.path), bool(status.st_mode & stat.S_IXUSR)


def check_size(path: str, size: int, remedy: str) -> None:
    """Refuse a file that is too large.

    Raises:
        ProjectError: with the way to leave it out.
    """
    if size > LARGEST:
        raise ProjectError(
            f"{path} has {size / 1e9:.1f} GB, more than 1 GiB, and every node would pull it: "
            f"read it from object storage or a volume, and {remedy}"
        )


def is_secret(path: str) -> bool:
    """Whether a file looks like one that must not be shipped."""
    return _SECRETS.fullmatch(path.rpartition("/")[2]) is not None


def refuse_secrets(paths: Sequence[str], leave_out: str, ship: str) -> None:
    """Refuse files that look like secrets.

    Raises:
        ProjectError: with the way to leave them out, and the way to ship them.
    """
    if not paths:
        return
    shown = ", ".join(paths[:_SHOWN]) + (f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else "")
    raise ProjectError(
        f"{shown}: looks like a secret, and anyone who pulls the image could read it: {leave_out}, or {ship}"
    )
