"""/etc/ld.so.cache, and links for sonames, as glibc 2.31's ldconfig makes them.

Computed from facts about libraries: no code of the target runs, so any machine can do it for any architecture.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re

from tools.formats import ld_so_cache
from tools.inputs.deb.facts import Library
from tools.inputs.deb.system import StateError, System, Tree
from tools.lib.architectures import ARCHITECTURES


def write_ld_cache(system: System, tree: Tree) -> None:
    """Add etc/ld.so.cache, and links for sonames that no package brings.

    Args:
        system: libc-bin brings the configuration.
        tree: receives the files.

    Raises:
        StateError: an unknown architecture, an include that is not understood, libraries for special CPUs.
    """
    if system.architecture not in ARCHITECTURES:
        raise StateError(f"the loader's cache of architecture {system.architecture} is not known")
    architecture = ARCHITECTURES[system.architecture]
    directories = _configured(system, "etc/ld.so.conf")
    for directory in (*architecture.library_directories, "lib", "usr/lib"):
        if directory not in directories:
            directories.append(directory)
    libraries = system.libraries()
    entries: list[ld_so_cache.Entry] = []
    for directory in directories:
        for soname, (name, os_version) in _sonames(libraries, directory, architecture.elf_machine).items():
            path = f"{directory}/{soname}"
            if path not in libraries:
                tree.link(path, name)
            entries.append(ld_so_cache.Entry(soname, "/" + path, os_version))
    _refuse_hwcaps(libraries, directories)
    tree.data("etc/ld.so.cache", ld_so_cache.encode(entries, architecture.ld_cache_flags))


def _configured(system: System, path: str) -> list[str]:
    directories: list[str] = []
    for line in system.text(path).splitlines():
        words = line.split("#")[0].split()
        if not words:
            continue
        if words[0] == "include" and len(words) == 2:
            pattern = posixpath.normpath(posixpath.join("etc", words[1])).lstrip("/")
            for included in system.below(posixpath.dirname(pattern)):
                if fnmatch.fnmatchcase(included, pattern):
                    directories += [d for d in _configured(system, included) if d not in directories]
        elif len(words) == 1 and words[0].startswith("/"):
            directories.append(words[0].strip("/"))
        else:
            raise StateError(f"{path}: cannot read the line {line!r}")
    return directories


def _sonames(libraries: dict[str, Library], directory: str, machine: int) -> dict[str, tuple[str, int]]:
    """Return soname → (file name, oldest kernel) of the best file per soname in a directory."""
    best: dict[str, tuple[str, int]] = {}
    for path in sorted(libraries):
        folder, _, name = path.rpartition("/")
        if folder != directory or not name.startswith(("lib", "ld-")):
            continue
        file = _resolved(libraries, path)
        if file is None or file.machine != machine:
            continue
        soname = file.soname or name
        if libraries[path].target and name.endswith(".so") and soname != name:
            continue  # a link for the compiler only
        if soname not in best or ld_so_cache.version_key(name) > ld_so_cache.version_key(best[soname][0]):
            best[soname] = (name, file.os_version)
    return best


def _resolved(libraries: dict[str, Library], path: str) -> Library | None:
    for _ in range(10):
        library = libraries.get(path)
        if library is None or not library.target:
            return library
        path = posixpath.normpath(posixpath.join("/", posixpath.dirname(path), library.target))[1:]
    return None


def _refuse_hwcaps(libraries: dict[str, Library], directories: list[str]) -> None:
    plain = re.compile(r"^(?:tls|glibc-hwcaps|haswell|xeon_phi|avx512_1|x86_64|i[3-6]86|sse2|atomics|aarch64)$")
    for path in libraries:
        for directory in directories:
            if path.startswith(directory + "/") and plain.match(path[len(directory) + 1 :].split("/")[0]):
                raise StateError(f"{path}: libraries for special CPUs in the loader's cache are not supported")
