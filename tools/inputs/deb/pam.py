"""PAM's common stacks, as pam-auth-update(8) --package --force makes them from the profiles of packages."""

from __future__ import annotations

import re

from tools.inputs.deb.system import StateError, System, Tree

_PROFILES = "usr/share/pam-configs"
_TEMPLATES = "usr/share/pam"
_TYPES = ("auth", "account", "password", "session", "session-noninteractive")
_PRIMARY = '# here are the per-package modules (the "Primary"'
_PRIMARY_END = "# here's the fallback"
_ADDITIONAL = "# and here are more per-package"
_ADDITIONAL_END = "# end of pam-auth-update config"
_NONE = "[default=1]\t\t\tpam_permit.so"

Profile = dict[str, str]


def write_pam(system: System, tree: Tree) -> None:
    """Add etc/pam.d/common-* and pam-auth-update's record of them.

    Args:
        system: libpam-runtime brings the templates, packages bring profiles.
        tree: receives the files.

    Raises:
        StateError: a template lacks its marks, or a line of a profile is malformed.
    """
    if "libpam-runtime" not in system.packages:
        return
    profiles = {path.rsplit("/", 1)[1]: _profile(system.text(path)) for path in system.below(_PROFILES)}
    order = sorted(sorted(profiles, reverse=True), key=lambda name: -int(profiles[name].get("Priority", "0")))
    enabled = [(name, profiles[name]) for name in order if profiles[name].get("Default") == "yes"]
    for kind in _TYPES:
        text, record = _stack(system.text(f"{_TEMPLATES}/common-{kind}"), kind, enabled)
        tree.file(f"etc/pam.d/common-{kind}", text)
        tree.file(f"var/lib/pam/{kind}", record)
    tree.file("var/lib/pam/seen", "".join(name + "\n" for name in order))


def _profile(text: str) -> Profile:
    fields: Profile = {}
    key = ""
    for line in text.split("\n"):
        match = re.match(r"(\S+):\s+(.*?)\s*$", line) or re.match(r"(\S+):()$", line)
        if match:
            key = match.group(1)
            key = key[: -len("-Final")] if key.endswith("-Final") else key
            fields[key] = match.group(2)
        elif line.strip():
            fields[key] = (fields.get(key, "") + "\n" + line.strip()).lstrip("\n")
    if "Session-Interactive-Only" not in fields:
        for suffix in ("-Type", "", "-Initial"):
            if "Session" + suffix in fields:
                fields["Session-noninteractive" + suffix] = fields["Session" + suffix]
    return fields


def _modules(kind: str, block: str, enabled: list[tuple[str, Profile]]) -> list[tuple[str, str]]:
    """Return (profile, its lines) of one block; the first profile may have other lines."""
    field = kind[0].upper() + kind[1:]
    chosen = [(name, profile) for name, profile in enabled if profile.get(field + "-Type") == block]
    return [
        (name, (profile.get(field + "-Initial") if i == 0 else None) or profile.get(field, ""))
        for i, (name, profile) in enumerate(chosen)
    ]


def _stack(template: str, kind: str, enabled: list[tuple[str, Profile]]) -> tuple[str, str]:
    facility = kind.split("-")[0]
    text, record = "", ""
    end = ""
    blocks = 0
    for line in template.split("\n")[:-1]:
        if end:
            if not line.startswith(end):
                continue
            end = ""
        text += line + "\n"
        if line.startswith(_PRIMARY) and blocks == 0:
            modules, end = _modules(kind, "Primary", enabled), _PRIMARY_END
            count = sum(len(lines.split("\n")) for _, lines in modules)
            if not modules:
                text += f"{facility}\t{_NONE}\n"
                record += f"Module: null\n{_NONE}\n"
        elif line.startswith(_ADDITIONAL) and blocks == 1:
            modules, end = _modules(kind, "Additional", enabled), _ADDITIONAL_END
            count = sum(len(lines.split("\n")) for _, lines in modules) - 1
        else:
            continue
        blocks += 1
        for name, lines in modules:
            record += f"Module: {name}\n{lines}\n"
            for module_line in lines.split("\n"):
                match = re.match(r"((\[[^]]+\]|\w+)\s+\S+)\s*(.*)", module_line)
                if not match:
                    raise StateError(f"PAM profile {name}: cannot read the line {module_line!r}")
                control = match.group(1).replace("end", str(count))
                text += f"{facility}\t{control} {' '.join(match.group(3).split())}\n"
                count -= 1
    if blocks != 2 or end:
        raise StateError(f"PAM template common-{kind} has not the marks that pam-auth-update looks for")
    return text, record
