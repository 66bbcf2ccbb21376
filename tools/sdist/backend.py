"""Builds a wheel of the source in the working directory through its own build backend (PEP 517); runs in the build root.

    pythonX.Y backend.py OUT_DIRECTORY [--unchecked NAME]…

A program of its own for the interpreters of the images: standard library, and `packaging` and `tomli` from PYTHONPATH.
The requirements that source and backend state are checked against what is there; nothing is fetched.
"""

import importlib
import importlib.metadata
import os
import sys

try:
    import tomllib
except ImportError:
    import tomli as tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_LEGACY = {"requires": ["setuptools", "wheel"], "build-backend": "setuptools.build_meta:__legacy__"}


def _build_system():
    """The [build-system] table, or what PEP 517 says in its absence."""
    try:
        with open("pyproject.toml", "rb") as file:
            table = tomllib.load(file).get("build-system", {})
    except FileNotFoundError:
        table = {}
    if "build-backend" not in table:
        return dict(_LEGACY, requires=table.get("requires", _LEGACY["requires"]))
    return table


def _check(requirements, unchecked):
    problems = []
    for text in requirements:
        requirement = Requirement(text)
        if canonicalize_name(requirement.name) in unchecked:
            continue
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            there = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            problems.append(f"{text} (not there)")
            continue
        if not requirement.specifier.contains(there, prereleases=True):
            problems.append(f"{text} (there is {there})")
    if problems:
        sys.exit(
            "the source needs, to be built: {}. Add it to requirements_lock/tools.in and to BACKENDS in"
            " tools/sdist/recipes.bzl, or name it in the row's `unchecked` if the version that is there does".format(
                ", ".join(problems)
            )
        )


def main():
    out = sys.argv[1]
    unchecked = {canonicalize_name(name) for name in sys.argv[3::2]}
    system = _build_system()
    _check(system["requires"], unchecked)
    paths = [os.path.abspath(path) for path in system.get("backend-path", [])]
    # As PEP 517 wants it: the source's directory is not importable but for a backend in it.
    sys.path[:1] = paths
    module, _, attribute = system["build-backend"].partition(":")
    backend = importlib.import_module(module)
    for name in filter(None, attribute.split(".")):
        backend = getattr(backend, name)
    if hasattr(backend, "get_requires_for_build_wheel"):
        _check(backend.get_requires_for_build_wheel(), unchecked)
    print(f"built {backend.build_wheel(out)}")


main()
