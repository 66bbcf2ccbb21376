"""Python distributions: each fits interpreter and platform, and has what it requires (what `pip check` asks, without pip)."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.markers import UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from tools.inputs.wheel.tags import TagError, expand, fits
from tools.verify.soundness.distributions import Distribution
from tools.verify.soundness.findings import Finding
from tools.verify.soundness.interpreter import Interpreter
from tools.verify.soundness.merge import Image

KINDS = ("wheel-tag", "requirement", "requires-python", "distribution")


def check(image: Image, interpreter: Interpreter, distributions: list[Distribution]) -> Iterator[Finding]:
    """Check all distributions of an image."""
    yield from _installed(image, distributions)
    versions: dict[str, str] = {canonicalize_name(each.name): each.version for each in distributions}
    markers = interpreter.markers(image.architecture)
    for distribution in distributions:
        yield from _tags(image, interpreter, distribution)
        yield from _python(interpreter, distribution)
        for text in distribution.metadata.get("requires-dist", ()):
            yield from _requirement(distribution, text, versions, markers)


def _installed(image: Image, distributions: list[Distribution]) -> Iterator[Finding]:
    """Wheels and what is installed are the same."""
    installed: dict[str, str] = {}
    for distribution in distributions:
        name = canonicalize_name(distribution.name)
        path = distribution.directory + "/METADATA"
        advice = "Two parts bring it, or its metadata are damaged: look at the lock in requirements_lock/."
        if not distribution.name or not distribution.version:
            yield Finding("distribution", distribution.directory, "", "has no METADATA with name and version", advice)
        if name in installed:
            yield Finding("distribution", path, name, f"{name} is installed twice", advice)
        installed[name] = distribution.version
    replaced = image.origins("replaced")  # of a base, by a team's project
    for origin in image.origins("wheel"):
        name = canonicalize_name(origin.name)
        if installed.get(name) != origin.version and origin._replace(kind="replaced") not in replaced:
            yield Finding(
                "distribution",
                "",
                name,
                f"the part {origin} is in the image, but installed is {installed.get(name, 'nothing of that name')}",
                "Look at the part's listing and the order of the layers.",
                origin,
            )


def _tags(image: Image, interpreter: Interpreter, distribution: Distribution) -> Iterator[Finding]:
    path = distribution.directory + "/WHEEL"
    advice = f"Lock a wheel for Python {interpreter.version} on {image.architecture}."
    lines = distribution.wheel.get("tag", [])
    try:
        tags = [tag for line in lines for tag in expand(line)]
    except TagError as error:
        yield Finding("wheel-tag", path, ", ".join(lines), str(error), advice)
        return
    if not fits(tags, interpreter.version, image.architecture):
        said = ", ".join(lines) or "none"
        yield Finding("wheel-tag", path, said, f"its tags ({said}) do not fit the image", advice)


def _python(interpreter: Interpreter, distribution: Distribution) -> Iterator[Finding]:
    for text in distribution.metadata.get("requires-python", ()):
        path = distribution.directory + "/METADATA"
        advice = "Lock a version for this Python."
        try:
            if SpecifierSet(text).contains(interpreter.full_version, prereleases=True):
                continue
            yield Finding(
                "requires-python",
                path,
                text,
                f"requires Python {text}, the image has {interpreter.full_version}",
                advice,
            )
        except InvalidSpecifier:
            yield Finding("requires-python", path, text, f"Requires-Python {text!r} is not a specifier", advice)


def _requirement(
    distribution: Distribution, text: str, versions: dict[str, str], markers: dict[str, str]
) -> Iterator[Finding]:
    path = distribution.directory + "/METADATA"
    advice = "Remake the lock (tools/locks/pypi/README.md), or pin it in providers/."
    try:
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate(markers):
            return
        installed = versions.get(canonicalize_name(requirement.name))
        if installed is None:
            yield Finding("requirement", path, requirement.name, f"requires {text}, which is not installed", advice)
        elif not requirement.specifier.contains(Version(installed), prereleases=True):
            yield Finding("requirement", path, requirement.name, f"requires {text}, installed is {installed}", advice)
    except (InvalidRequirement, InvalidVersion, UndefinedEnvironmentName) as error:
        yield Finding("requirement", path, text, f"requirement {text!r} can't be understood: {error}", advice)
