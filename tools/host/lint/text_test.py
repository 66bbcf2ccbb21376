"""What no file of the work tree may hold: names of hosts, places of one machine, ragged lines."""

from __future__ import annotations

import re

from tools.host.lint.worktree import ROOT, report, texts

# The registries' places come from the clients' configuration (docs/mirrors.md), so no host has to be named. A URL may
# lead to the names that are reserved for examples (RFC 2606, RFC 6761) and to this machine.
URL = re.compile(r"\b(?:https?|ftp|git|ssh|docker)://(?:[^/\s\"'`@]*@)?([A-Za-z0-9.-]+)")
RESERVED = re.compile(r"(?:^|\.)(?:example|invalid|test|localhost|example\.(?:com|net|org))$|^127\.|^0\.0\.0\.0$")
# Names without a scheme, under the domains that registries are under.
HOST = re.compile(r"(?<![\w.@/-])(?:[a-z0-9-]+\.)+(?:org|io|com|net|dev|cloud)(?!\.?[\w-]|\()")
# The quoted name of a Go module, which Go's own proxy is asked for.
GO_MODULE = re.compile(r'"github\.com(?:/[\w.-]+){2,}"')
NO_REGISTRIES = {
    "javax.net",  # a package of Java
    # Pages that the images' menu leads to.
    "academy.astronomer.io",
    "docs.astronomer.io",
    "support.astronomer.io",
    # Docker Hub's names, under which docker keeps its log-ins; nothing is fetched from there.
    "auth.docker.io",
    "docker.io",
    "index.docker.io",
    "registry-1.docker.io",
    "www.w3.org",  # the name space of SVG
}
LICENCE = "LICENSE"  # its text is given, with its author's host in it
MAXIMUM_LINES = {".py": 450, ".bzl": 300, ".sh": 300}


def host_names(text: str) -> set[str]:
    """Return the names of hosts in a text that are not reserved for examples."""
    text = GO_MODULE.sub("", text)
    found = {match[1].rstrip(".").lower() for match in URL.finditer(text)} | {match[0] for match in HOST.finditer(text)}
    return {name for name in found if "." in name and not RESERVED.search(name)} - NO_REGISTRIES


def test_host_names_are_found() -> None:
    host = ".".join(["registry", "somewhere", "org"])  # not written as one: this file is checked as well
    for text in (
        f"https://{host}/simple",
        f"see {host}.",
        f'"{host}"',
        f"git://me@{host}:80/x",
        f"docker://{host}/a:b",
    ):
        assert host_names(text) == {host}, text
    for text in (
        "https://mirror.example/x",
        "http://127.0.0.1:80/",
        "org.opencontainers.image",
        "a.io.b",
        "import os.io(",
        '"github.com/owner/module"',
    ):
        assert host_names(text) == set(), text


def test_no_host_names() -> None:
    faults = [f"{name}: {host}" for name, text in texts() if name != LICENCE for host in sorted(host_names(text))]
    assert not faults, report([*faults, "registries are found by the clients' configuration: docs/mirrors.md"])


def test_no_places_of_this_machine() -> None:
    """The work tree's path, by its first two directories: "/home/someone"."""
    place = "/".join(ROOT.parts[:3]).replace("//", "/")
    found = re.compile(rf"(?<![\w.}})-]){re.escape(place)}(?![\w-])")
    faults = [
        f"{name}:{number}: {place}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if place.count("/") > 1 and found.search(line)
    ]
    assert not faults, report(faults)


def test_lines() -> None:
    faults = []
    for name, text in texts():
        if name.endswith((".golden", ".patch", ".diff")):
            continue
        if text and not text.endswith("\n"):
            faults.append(f"{name}: the last line has no end")
        for number, line in enumerate(text.split("\n"), 1):
            if line.endswith((" ", "\t", "\r")):
                faults.append(f"{name}:{number}: white space at the end")
    assert not faults, report(faults)


def test_one_subject_a_file() -> None:
    faults = []
    for suffix, maximum in MAXIMUM_LINES.items():
        for name, text in texts(suffix):
            lines = text.count("\n")
            if lines > maximum:
                faults.append(f"{name}: {lines} lines, {maximum} are the most: divide it by subject")
    assert not faults, report(faults)
