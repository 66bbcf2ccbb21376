"""The linters and formatters: which files each reads, and how it is called to check them and to fix them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tools.host.lint.worktree import ROOT, files

FIX = "tools/bazel run //:format"
_FOLDER = Path("tools/host/lint")
_PROGRAMS = Path("requirements_lock")
_SHELLS = (b"sh", b"bash", b"dash")
# Their bytes go into images, or are an input of every action.
_VERBATIM = ("runtime/debian/rootfs/", "runtime/rootfs/", "tools/host/python/start.sh")


def python_files() -> list[str]:
    """Return the names of all Python files."""
    return [_name(path) for path in files(".py", ".pyi")]


def shell_files() -> list[str]:
    """Return the names of all shell scripts: by suffix, or by the first line."""
    return [_name(path) for path in files() if path.suffix == ".sh" or _shebang(path).endswith(_SHELLS)]


def sourced_shell_files() -> list[str]:
    """Return the names of the shell scripts without a first line that names the shell."""
    return [name for name in shell_files() if not _shebang(ROOT / name)]


def started_shell_files() -> list[str]:
    """Return the names of the shell scripts that name their shell."""
    return [name for name in shell_files() if _shebang(ROOT / name)]


def formatted_shell_files() -> list[str]:
    """Return the names of the shell scripts that the formatter may change."""
    return [name for name in shell_files() if not name.startswith(_VERBATIM)]


def all_files() -> list[str]:
    """Return the names of all files."""
    return [_name(path) for path in files()]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _shebang(path: Path) -> bytes:
    with path.open("rb") as file:
        line = file.readline(80)
    return line.strip() if line.startswith(b"#!") else b""


class Linter(NamedTuple):
    """A program of the lock `programs`.

    Attributes:
        program: its name.
        check: arguments that make it fail on a finding; {folder} is the folder with its configuration.
        names: returns the files to check.
        fix: arguments that make it fix what it can; None if it fixes nothing.
        remedy: what to do about a finding.
    """

    program: str
    check: tuple[str, ...]
    names: Callable[[], list[str]]
    fix: tuple[str, ...] | None = None
    remedy: str = FIX


RUFF_CHECK = Linter(
    "ruff",
    ("check", "--output-format=concise", "--no-cache", "--config={folder}/ruff.toml"),
    python_files,
    ("check", "--fix", "--no-cache", "--quiet", "--config={folder}/ruff.toml"),
    f"{FIX} fixes what ruff can; the rest by hand",
)
RUFF_FORMAT = Linter(
    "ruff",
    ("format", "--check", "--no-cache", "--config={folder}/ruff.toml"),
    python_files,
    ("format", "--no-cache", "--quiet", "--config={folder}/ruff.toml"),
)
_SHELLCHECK = ("--rcfile={folder}/shellcheckrc", "--format=gcc")
_DIRECTIVE = "fix the script, or add `# shellcheck disable=CODE # reason` above the line"
SHELLCHECK = Linter("shellcheck", _SHELLCHECK, started_shell_files, remedy=_DIRECTIVE)
# Debian's sh, which reads them.
SHELLCHECK_SOURCED = Linter("shellcheck", (*_SHELLCHECK, "--shell=dash"), sourced_shell_files, remedy=_DIRECTIVE)
# .editorconfig has the style.
SHFMT = Linter("shfmt", ("--diff",), formatted_shell_files, ("--write",))
TYPOS = Linter(
    "typos",
    ("--config={folder}/typos.toml", "--force-exclude", "--format=brief"),
    all_files,
    remedy="fix the word, or add it to tools/host/lint/typos.toml with a reason",
)
# Order matters: ruff's fixes are formatted afterwards.
FORMATTERS = (RUFF_CHECK, RUFF_FORMAT, SHFMT)


def run(linter: Linter, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a linter in the work tree; its output is in `stdout`."""
    folder = _FOLDER.resolve()
    return subprocess.run(
        [
            (_PROGRAMS / linter.program).resolve(),
            *(argument.format(folder=folder) for argument in arguments),
            *linter.names(),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def check(linter: Linter) -> str:
    """Check all files; return the findings and their remedy, or "" if there are none."""
    done = run(linter, linter.check)
    if done.returncode == 0:
        return ""
    return f"{linter.program} {linter.check[0]}:\n{done.stdout}\nto fix it: {linter.remedy}"


def mypy(cache: Path) -> str:
    """Check the types of all Python files; return the findings and their remedy, or "" if there are none."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            f"--config-file={(_FOLDER / 'mypy.ini').resolve()}",
            f"--cache-dir={cache}",
            "--no-error-summary",
            *python_files(),
        ],
        cwd=ROOT,
        # mypy asks the interpreter where libraries are; the work tree itself is the current directory.
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, _libraries()))},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else f"mypy:\n{done.stdout}\nto fix it: see tools/host/lint/README.md, Types"


def _libraries() -> Iterator[Path]:
    """Yield the directories of locked libraries among Python's own, as absolute paths."""
    for entry in map(Path, filter(None, sys.path)):
        if entry.is_dir() and entry.name.endswith(".site"):
            yield entry.resolve()
