"""DebInfo: what else than its part is known of a Debian package."""

DebInfo = provider(
    doc = "A Debian package that was made into a part.",
    fields = {
        "deb": "File: the package itself.",
        "facts": "File: JSON of what the state of a system is computed from (tools/inputs/deb/facts.py).",
        "package": "string: its name.",
        "version": "string: its version.",
    },
)
