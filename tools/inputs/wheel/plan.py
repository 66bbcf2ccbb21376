"""Where a wheel's entries go in an image: the installation schemes of CPython in /usr/local."""

from __future__ import annotations

import dataclasses

from tools.inputs.wheel.metadata import Metadata
from tools.inputs.wheel.record import Record
from tools.inputs.wheel.scripts import entry_point_script, for_python, wrapped_entry_point
from tools.inputs.wheel.wheel_error import REMEDY, WheelError
from tools.inputs.wheel.wheel_zip import Archive

INSTALLER = "bazel"


@dataclasses.dataclass(frozen=True)
class Layout:
    """Directories of an interpreter below the image's root, without a leading slash."""

    python: str
    prefix: str = "usr/local"

    @property
    def site_packages(self) -> str:
        """Directory of purelib and platlib, which are one on Debian-built and upstream CPython in /usr/local."""
        return f"{self.prefix}/lib/python{self.python}/site-packages"

    @property
    def scripts(self) -> str:
        """Directory of scripts."""
        return f"{self.prefix}/bin"

    @property
    def interpreter(self) -> str:
        """Absolute path of the interpreter, for scripts."""
        return f"/{self.prefix}/bin/python{self.python}"

    def scheme(self, key: str, distribution: str) -> str | None:
        """Return the directory of a scheme key of a .data directory; None for an unknown key."""
        return {
            "purelib": self.site_packages,
            "platlib": self.site_packages,
            "scripts": self.scripts,
            "headers": f"{self.prefix}/include/python{self.python}/{distribution}",
            "data": self.prefix,
        }.get(key)


@dataclasses.dataclass(frozen=True)
class Item:
    """One file to install.

    Attributes:
        path: below the image's root
        entry: name of the wheel's entry, or None for what the installer generates
        content: what the installer generates, else b""
        executable: mode 0755 instead of 0644
        script: whether its `#!python` line is to be rewritten
        compiled: whether it gets a .pyc
    """

    path: str
    entry: str | None
    content: bytes = b""
    executable: bool = False
    script: bool = False
    compiled: bool = False


def plan(
    wheel: Archive, metadata: Metadata, record: Record, layout: Layout, requested: bool, context: str = ""
) -> list[Item]:
    """Return all files of the wheel's installation except RECORD and .pyc, sorted by path.

    Raises:
        WheelError: two files would have one path, or a .data directory has an unknown scheme key.
    """
    items: dict[str, Item] = {}

    def add(item: Item) -> None:
        if item.path in items:
            other = items[item.path]
            raise WheelError(
                f"{wheel.file}: {item.entry or 'an entry point'} and {other.entry or 'an entry point'}"
                f" would both be installed as /{item.path}; {REMEDY}"
            )
        items[item.path] = item

    scripts = {script for script, _, _ in metadata.console_scripts}
    for name, entry in wheel.entries.items():
        if name == record.name:
            continue
        top, _, rest = name.partition("/")
        key = "purelib"
        if top in metadata.data:
            key, _, rest = rest.partition("/")
            directory = layout.scheme(key, metadata.name)
            if directory is None or not rest:
                raise WheelError(f"{wheel.file}: {name}: {key!r} is not an installation scheme; {REMEDY}")
            if key == "scripts" and wrapped_entry_point(rest) in scripts:
                continue
            path = f"{directory}/{rest}"
        else:
            path = f"{layout.site_packages}/{name}"
        library = key in ("purelib", "platlib")
        add(
            Item(
                path=path,
                entry=name,
                executable=entry.executable or key == "scripts",
                script=key == "scripts",
                compiled=library and path.endswith(".py"),
            )
        )
    for script, module, attribute in for_python(metadata.name, metadata.console_scripts, layout.python):
        path = f"{layout.scripts}/{script}"
        # An entry point wins over a file of that name in .data/data/bin, as in pip.
        items.pop(path, None)
        script_text = entry_point_script(layout.interpreter, module, attribute, context)
        add(Item(path, None, script_text, executable=True))
    dist_info = f"{layout.site_packages}/{metadata.dist_info}"
    made = {"INSTALLER": INSTALLER.encode() + b"\n"}
    if requested:
        made["REQUESTED"] = b""
    for name in ("INSTALLER", "REQUESTED", "direct_url.json"):
        items.pop(f"{dist_info}/{name}", None)
    for name, content in made.items():
        add(Item(f"{dist_info}/{name}", None, content))
    return [items[path] for path in sorted(items)]
