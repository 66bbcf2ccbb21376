"""dpkg's and apt's own records of an installed system, computed from packages' facts.

Formats: dpkg's status file (deb822(5), dpkg-query(1)), triggers (deb-triggers(5)), dpkg-divert(1),
dpkg-statoverride(1), alternatives (update-alternatives(1)), apt's extended_states and sources.list(5).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tools.inputs.deb.facts import Facts
from tools.inputs.deb.system import StateError, System, Tree
from tools.inputs.deb.tables import Alternative, AptSource, Diversion, StatOverride

_DPKG = "var/lib/dpkg"
_ORDER = (
    "Package Essential Protected Status Priority Section Installed-Size Origin Maintainer Bugs Architecture Multi-Arch "
    "Source Version Replaces Provides Depends Pre-Depends Recommends Suggests Breaks Conflicts Enhances Conffiles "
    "Description"
).split()
_RELATIONS = "Replaces Provides Depends Pre-Depends Recommends Suggests Breaks Conflicts Enhances".split()


def write_status(system: System, tree: Tree) -> None:
    """Add var/lib/dpkg/status and the empty files and directories that dpkg keeps beside it."""
    tree.file(f"{_DPKG}/status", "".join(_stanza(facts) + "\n" for facts in system.packages.values()))
    tree.file(f"{_DPKG}/arch", system.architecture + "\n")
    tree.file(f"{_DPKG}/info/format", "1\n")
    for directory in ("parts", "updates"):
        tree.directory(f"{_DPKG}/{directory}")
    for name, mode in (
        ("lock", 0o640),
        ("lock-frontend", 0o640),
        ("triggers/Lock", 0o600),
        ("triggers/Unincorp", 0o644),
    ):
        tree.file(f"{_DPKG}/{name}", "", mode)
    interests: dict[str, list[str]] = {}
    for facts in system.packages.values():
        for trigger, option in facts.interests:
            interests.setdefault(trigger, []).append(facts.instance + ("/" + option if option else ""))
    for trigger, packages in interests.items():
        tree.file(f"{_DPKG}/triggers/{trigger}", "".join(name + "\n" for name in packages))


def _stanza(facts: Facts) -> str:
    fields = dict(facts.fields)
    fields["Status"] = "install ok installed"
    if facts.conffiles:
        fields["Conffiles"] = "".join(f"\n {path} {md5}" for path, md5 in facts.conffiles)
    for name in _RELATIONS:
        if name in fields:
            fields[name] = relations(fields[name])
    names = [n for n in _ORDER if n in fields] + [n for n in fields if n not in _ORDER]
    return "".join(f"{n}:{'' if fields[n][:1] in ('', chr(10)) else ' '}{fields[n]}\n" for n in names)


def relations(text: str) -> str:
    """Return a relation field in dpkg's spacing: `a (>= 1) | b, c`."""

    def one(alternative: str) -> str:
        return re.sub(r"\s*\(\s*([<>=]+)\s*([^\s)]+)\s*\)", r" (\1 \2)", alternative.strip())

    groups = [g for g in text.replace("\n", " ").split(",") if g.strip()]
    return ", ".join(" | ".join(one(a) for a in group.split("|")) for group in groups)


def write_overrides(
    system: System, tree: Tree, diversions: Sequence[Diversion], statoverrides: Sequence[StatOverride]
) -> None:
    """Add the records of dpkg-divert and dpkg-statoverride."""
    records = [f"{d.path}\n{d.to}\n{d.package}\n" for d in system.installed(diversions)]
    tree.file(f"{_DPKG}/diversions", "".join(records))
    lines = [f"{s.user} {s.group} {s.mode} {s.path}\n" for s in system.installed(statoverrides)]
    tree.file(f"{_DPKG}/statoverride", "".join(lines))


def write_alternatives(system: System, tree: Tree, alternatives: Sequence[Alternative]) -> None:
    """Add the records and links of update-alternatives, all in automatic mode.

    As in dpkg, a choice without its file is not registered, and a slave link exists only with the file of the best
    choice's slave.

    Raises:
        StateError: two choices of one alternative have the same priority.
    """
    tree.directory(f"{_DPKG}/alternatives")
    for item in alternatives:
        name, slaves = item.name, item.slaves
        choices = [c for c in system.installed(item.choices) if _there(system, c.path)]
        choices.sort(key=lambda c: c.path)
        if not choices:
            continue
        if len({c.priority for c in choices}) < len(choices):
            raise StateError(f"alternative {name}: two choices have the same priority")
        best = max(choices, key=lambda c: c.priority)
        text = f"auto\n{item.link}\n" + "".join(f"{s}\n{slaves[s]}\n" for s in sorted(slaves)) + "\n"
        for choice in choices:
            text += f"{choice.path}\n{choice.priority}\n"
            text += "".join(choice.slaves.get(s, "") + "\n" for s in sorted(slaves))
        tree.file(f"{_DPKG}/alternatives/{name}", text + "\n")
        links = [(name, item.link, best.path)]
        links += [(s, slaves[s], best.slaves.get(s, "")) for s in sorted(slaves)]
        for key, link, target in links:
            if target and _there(system, target):
                tree.link(f"etc/alternatives/{key}", target)
                tree.link(link[1:], f"/etc/alternatives/{key}")


def _there(system: System, path: str) -> bool:
    return path[1:] in system.owners


def write_apt(system: System, tree: Tree, sources: Sequence[AptSource], manual: Sequence[str]) -> None:
    """Add apt's sources and its record of what was installed only as a dependency.

    Args:
        system: the packages; apt's example of a sources.list gives the archive's URL.
        tree: receives the files.
        sources: registry ("debian" or "debian-security") and suite of each line.
        manual: packages requested by name; essential and required packages count as requested.

    Raises:
        StateError: apt's example names no archive.
    """
    if "apt" not in system.packages:
        return
    example = system.text("usr/share/doc/apt/examples/sources.list")
    match = re.search(r"^deb (\S+?)/? \S+ main\b", example, re.M)
    if not match:
        raise StateError("apt's example of a sources.list names no archive")
    lines = [f"deb {match.group(1)}{s.registry[len('debian') :]} {s.suite} main\n" for s in sources]
    tree.file("etc/apt/sources.list", "".join(lines))
    text = ""
    for name, facts in system.packages.items():
        asked = name in manual or facts.fields.get("Essential") == "yes" or facts.fields.get("Priority") == "required"
        if not asked:
            text += f"Package: {name}\nArchitecture: {system.architecture}\nAuto-Installed: 1\n\n"
    tree.file("var/lib/apt/extended_states", text)
