"""Names of files."""

from slugify import slugify


def title(text: str) -> str:
    """Return a file's name for a title."""
    return f"{slugify(text)}.txt"
