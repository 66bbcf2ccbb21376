"""DebInfo: facts about a Debian package besides its part."""

DebInfo = provider(
    doc = "Facts about a Debian package besides its part.",
    fields = {
        "deb": "File: the package itself.",
        "facts": "File: JSON from which the state of a system is computed (tools/inputs/deb/facts.py).",
        "package": "string: its name.",
        "version": "string: its version.",
    },
)
