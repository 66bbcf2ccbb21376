"""Which library the dynamic loader would take for a name: glibc's search (ld.so(8)), inside of an image."""

from __future__ import annotations

import base64
import posixpath
from collections import deque
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from tools.formats import ld_so_cache
from tools.lib.architectures import ARCHITECTURES
from tools.verify.soundness import elf_facts
from tools.verify.soundness.merge import Image, Node
from tools.verify.structure_test.layer_stream import FILE

CACHE = "etc/ld.so.cache"


class Load(NamedTuple):
    """Something that is loaded because an object needs it."""

    path: str
    """Of the object."""
    name: str
    library: str | None
    """None: it is nowhere."""


class Loader:
    """The dynamic loader of an image.

    Args:
        image: the image.
    """

    def __init__(self, image: Image) -> None:
        self._tree = image.tree
        architecture = ARCHITECTURES[image.architecture]
        self._machine = architecture.elf_machine
        # What Debian's glibc looks through after its cache.
        self.directories = (*(f"/{name}" for name in architecture.library_directories), "/lib", "/usr/lib")
        self.cache: list[ld_so_cache.Entry] = []
        self.fault = ""
        node = self._tree.nodes.get(CACHE)
        if node is None:
            self.fault = "is missing"
        else:
            try:
                self.cache = ld_so_cache.decode(base64.b64decode(node.extra.get("base64", "")))
            except ld_so_cache.CacheError as error:
                self.fault = str(error)
        self._cached = {entry.soname: entry.path for entry in reversed(self.cache)}
        self.elf_of = lru_cache(maxsize=None)(self._elf_of)

    def _elf_of(self, path: str) -> elf_facts.Elf | None:
        node = self._tree.nodes.get(path)
        return elf_facts.from_json(node.extra["elf"]) if node is not None and "elf" in node.extra else None

    def objects(self) -> Iterator[tuple[str, Node, elf_facts.Elf]]:
        """Yield every ELF file: path, node, facts."""
        for path, node in self._tree.nodes.items():
            if node.type == FILE and "elf" in node.extra:
                found = self.elf_of(path)
                assert found
                yield path, node, found

    def find(self, name: str, chain: Sequence[str]) -> str | None:
        """Return the file that the loader takes for a name that an object needs.

        Args:
            name: as DT_NEEDED has it.
            chain: paths of the object, of the one that loaded it, and so on.

        Returns:
            The real path of a library for the image's machine; None if there is none.
        """
        if "/" in name:
            return self._usable(name if name.startswith("/") else f"/{posixpath.dirname(chain[0])}/{name}")
        for directory in self._places(chain):
            found = self._usable(f"{directory}/{name}")
            if found:
                return found
        if name in self._cached:
            found = self._usable(self._cached[name])
            if found:
                return found
        for directory in self.directories:
            found = self._usable(f"{directory}/{name}")
            if found:
                return found
        return None

    def load(self, root: str) -> Iterator[Load]:
        """Yield all libraries that a program or an extension module loads: breadth first, as the loader does.

        Args:
            root: path of the object.

        Yields:
            One for each name that an object needs.
        """
        loaded = {posixpath.basename(root): root}
        chains: deque[tuple[str, ...]] = deque([(root,)])
        while chains:
            chain = chains.popleft()
            own = self.elf_of(chain[0])
            assert own
            libraries: dict[str, str | None] = {}
            for name in own.needed:
                library = loaded.get(name) or self.find(name, chain)
                libraries[name] = library
                yield Load(chain[0], name, library)
                if library and library not in loaded.values():
                    found = self.elf_of(library)
                    assert found
                    loaded.update({name: library, found.soname or name: library})
                    chains.append((library, *chain))

    def _places(self, chain: Sequence[str]) -> Iterator[str]:
        """Directories that the objects themselves name: RPATHs of the whole chain count only for one without RUNPATH."""
        own = self.elf_of(chain[0])
        assert own
        if own.runpath:
            yield from self._expand(own.runpath, chain[0])
            return
        for path in chain:
            found = self.elf_of(path)
            if found and not found.runpath:
                yield from self._expand(found.rpath, path)

    def _expand(self, places: str, path: str) -> Iterator[str]:
        origin = "/" + posixpath.dirname(path)
        for place in places.split(":") if places else ():
            place = place.replace("${ORIGIN}", origin).replace("$ORIGIN", origin)
            if place.startswith("/"):  # an empty or relative one means the working directory, which is unknown
                yield place

    def _usable(self, path: str) -> str | None:
        real = self._tree.resolve(path)
        found = self.elf_of(real) if real else None
        return real if found and found.bits == 64 and found.machine == self._machine else None
