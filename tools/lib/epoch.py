"""The one time stamp: of files in layers, of images, and of the sources that bytecode names."""

EPOCH = 1704067200
"""2024-01-01T00:00:00Z, in seconds since 1970."""
