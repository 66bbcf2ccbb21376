"""A file to pack; nothing imports it."""
