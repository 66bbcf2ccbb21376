"""Native code: for the image's machine, and everything it needs is there, in the versions that it needs."""

from __future__ import annotations

from collections.abc import Iterator

from tools.lib.architectures import ARCHITECTURES
from tools.verify.soundness import elf_facts
from tools.verify.soundness.findings import Finding
from tools.verify.soundness.loader import CACHE, Load, Loader
from tools.verify.soundness.merge import Image

KINDS = ("elf-machine", "elf-damaged", "elf-interpreter", "elf-needed", "elf-version", "ld-cache")


def check(image: Image) -> Iterator[Finding]:
    """Check all ELF files of an image, and the loader's cache."""
    loader = Loader(image)
    yield from _cache(loader)
    machine = ARCHITECTURES[image.architecture].elf_machine
    sound = {}
    for path, _, found in loader.objects():
        if found.bits != 64 or found.machine != machine:
            yield Finding(
                "elf-machine",
                path,
                str(found.machine),
                f"{found.bits}-bit code for ELF machine {found.machine}, the image is for {machine} ({image.architecture})",
                "Take the file of the right architecture; is the part for another one?",
            )
            continue
        if found.fault:
            yield Finding(
                "elf-damaged", path, found.fault, found.fault, "Compare the file with the one in its package."
            )
            continue
        sound[path] = found
        if found.interpreter and loader.elf_of(image.tree.resolve(found.interpreter) or "") is None:
            yield Finding(
                "elf-interpreter",
                path,
                found.interpreter,
                f"is started by {found.interpreter}, which is not there",
                "Add what brings that loader, or leave the program out.",
            )
    yield from _needs(loader, sound)


def _needs(loader: Loader, objects: dict[str, elf_facts.Elf]) -> Iterator[Finding]:
    """Check what objects need. Roots first: how a library is reached decides where its dependencies are searched."""
    needed = {name for found in objects.values() for name in found.needed}
    tops = [path for path, found in objects.items() if not {found.soname, path.rpartition("/")[2]} & needed]
    seen: set[tuple[str, str, str | None]] = set()
    reached: set[str] = set()
    for top in [*tops, *objects]:
        if top in reached:
            continue
        reached.add(top)
        for load in loader.load(top):
            if load.library:
                reached.add(load.library)
            if load in seen:
                continue
            seen.add(load)
            if load.library is None:
                yield _missing(load, top, objects[load.path])
            else:
                yield from _versions(loader, load, objects[load.path])


def _missing(load: Load, top: str, found: elf_facts.Elf) -> Finding:
    places = found.runpath or found.rpath or "none"
    loaded = "" if load.path == top else f" when /{top} is loaded"
    return Finding(
        "elf-needed",
        load.path,
        load.name,
        f"needs {load.name}, which the loader finds nowhere{loaded} (its own search path: {places})",
        "Add the Debian package with it to runtime/debian/packages.bzl; if its package loads it beforehand, say so in the"
        " exceptions.",
    )


def _versions(loader: Loader, load: Load, found: elf_facts.Elf) -> Iterator[Finding]:
    provider = loader.elf_of(load.library or "")
    assert provider
    for version in (version for name, version in found.versions if name == load.name):
        if version in provider.defines:
            continue
        has = (
            f"the newest that it has: {', '.join(provider.defines[-3:])}" if provider.defines else "it has no versions"
        )
        yield Finding(
            "elf-version",
            load.path,
            f"{load.name}:{version}",
            f"needs version {version} of {load.name}, but /{load.library} does not provide it ({has})",
            "Take a build for an older system (manylinux), or a newer library.",
        )


def _cache(loader: Loader) -> Iterator[Finding]:
    advice = "tools/inputs/deb/ld_cache.py computes it from the libraries of the Debian packages."
    if loader.fault:
        yield Finding("ld-cache", CACHE, "", loader.fault, advice)
    for name, path, _ in loader.cache:
        library = loader.find(path, ())
        found = loader.elf_of(library) if library else None
        if found is None:
            yield Finding(
                "ld-cache", CACHE, name, f"{name} should be {path}, which is not a library of this machine", advice
            )
        elif found.soname not in ("", name) and not found.soname.startswith(f"{name}."):  # a -dev package's link
            yield Finding("ld-cache", CACHE, name, f"{name} should be {path}, whose name is {found.soname}", advice)
