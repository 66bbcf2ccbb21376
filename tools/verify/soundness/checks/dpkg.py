"""dpkg's records are true: status, lists and checksums, for every file of every Debian package."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tools.verify.soundness.dpkg_records import DATABASE, STATUS, Dpkg, Package
from tools.verify.soundness.findings import Finding
from tools.verify.soundness.merge import Image
from tools.verify.structure_test.layer_stream import FILE

KINDS = ("dpkg-status", "dpkg-list", "dpkg-md5sums", "dpkg-conffiles", "dpkg-unlisted")

BY_DPKG = "packages"
"""Kind of a part that holds what the image's own dpkg changed: packages of a team's project (tools/project)."""

_ADVICE = (
    "tools/inputs/deb makes dpkg's records of the packages themselves: does an effect or another part change the file?"
)


def check(image: Image, dpkg: Dpkg, declared: Collection[tuple[str, str]]) -> Iterator[Finding]:
    """Check all packages of an image.

    Args:
        image: the image.
        dpkg: its records.
        declared: (package, path) of every file that maintainer scripts would make, and that therefore is in no list.
    """
    yield from _status(image, dpkg)
    for package in dpkg.packages:
        yield from _paths(image, dpkg, package)
        yield from _sums(image, dpkg, package)
    yield from _unlisted(image, dpkg, declared)


def _status(image: Image, dpkg: Dpkg) -> Iterator[Finding]:
    if dpkg.fault:
        yield Finding("dpkg-status", STATUS, "", dpkg.fault, _ADVICE)
    installed = {package.name: package for package in dpkg.packages}
    if len(installed) != len(dpkg.packages):
        yield Finding("dpkg-status", STATUS, "", "has a package twice", _ADVICE)
    parts = {origin.name: origin.version for origin in image.origins("deb")}
    for name, package in installed.items():
        if package.status != "install ok installed":
            yield Finding("dpkg-status", STATUS, name, f"{name} is {package.status!r}", _ADVICE)
        if package.architecture not in (image.architecture, "all"):
            yield Finding("dpkg-status", STATUS, name, f"{name} is for {package.architecture}", _ADVICE)
        if parts.get(name) != package.version and not _installed_by_dpkg(image, package):
            message = f"{name} {package.version} is installed, its part is {parts.get(name, 'not there')}"
            yield Finding("dpkg-status", STATUS, name, message, _ADVICE)
        for suffix in package.missing:
            message = f"{name}: {DATABASE}/info/{package.instance}.{suffix} is missing"
            yield Finding("dpkg-status", STATUS, name, message, _ADVICE)
    for name in sorted(set(parts) - set(installed)):
        yield Finding("dpkg-status", STATUS, name, f"the part of {name} is there, but it is not installed", _ADVICE)


def _installed_by_dpkg(image: Image, package: Package) -> bool:
    """Whether the image's own dpkg has made the package's records."""
    node = image.tree.nodes.get(f"{DATABASE}/info/{package.instance}.list")
    return node is not None and node.origin is not None and node.origin.kind == BY_DPKG


def _paths(image: Image, dpkg: Dpkg, package: Package) -> Iterator[Finding]:
    place = f"{DATABASE}/info/{package.instance}.list"
    for path in package.paths:
        real = dpkg.diverted_to(path, package.name)
        if image.tree.resolve(real, follow=False) is None and not dpkg.filter.skips(path, False):
            yield Finding("dpkg-list", place, path, f"lists /{path}, which is not there", _ADVICE)


def _sums(image: Image, dpkg: Dpkg, package: Package) -> Iterator[Finding]:
    place = f"{DATABASE}/info/{package.instance}.md5sums"
    by_dpkg = _installed_by_dpkg(image, package)
    for kind, where, sums in (("dpkg-md5sums", place, package.sums), ("dpkg-conffiles", STATUS, package.conffiles)):
        for path, expected in sums:
            real = image.tree.resolve(dpkg.diverted_to(path, package.name), follow=False)
            node = image.tree.nodes.get(real) if real else None
            if node is None and by_dpkg and dpkg.filter.skips(path, False):
                continue  # dpkg keeps the checksums of what its filter leaves out
            if node is None or node.type != FILE:
                yield Finding(kind, where, path, f"has /{path}, which is {'no file' if node else 'not there'}", _ADVICE)
            elif node.extra.get("md5") != expected:
                message = f"says {expected} of /{path}, its MD5 is {node.extra.get('md5')}"
                yield Finding(kind, where, path, message, _ADVICE)
    known = {path for path, _ in (*package.sums, *package.conffiles)}
    for path in package.paths:
        node = image.tree.nodes.get(path)
        if path not in known and node is not None and node.type == FILE and not by_dpkg:
            yield Finding("dpkg-md5sums", place, path, f"has no checksum of /{path}", _ADVICE)


def _unlisted(image: Image, dpkg: Dpkg, declared: Collection[tuple[str, str]]) -> Iterator[Finding]:
    """Check what a package's part brings without a record: effects of its maintainer scripts, which are not run."""
    advice = "Declare what the package's scripts do in runtime/debian/effects.bzl, and nothing else."
    lists = {package.name: set(package.paths) for package in dpkg.packages}
    instances = {package.name: package.instance for package in dpkg.packages}
    made = set()
    for path, node in image.tree.nodes.items():
        if not node.origin or node.origin.kind != "deb":
            continue
        name = node.origin.name
        own = f"{DATABASE}/info/{instances.get(name, name)}."
        if path in lists.get(name, ()) or path.startswith(own):
            continue
        made.add((name, path))
        if (name, path) not in declared:
            yield Finding(
                "dpkg-unlisted", path, name, f"the list of {name} does not have it, and it is not declared", advice
            )
    for name, path in sorted(set(declared) - made):
        if name in lists and path not in lists[name]:
            yield Finding(
                "dpkg-unlisted", path, name, f"is declared as made by the scripts of {name}, but is not there", advice
            )
