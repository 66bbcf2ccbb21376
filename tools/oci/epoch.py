"""The time of everything that is made here: of files in layers, of an image, and of the sources that bytecode names."""

EPOCH = 1704067200
"""2024-01-01T00:00:00Z, in seconds since 1970."""
