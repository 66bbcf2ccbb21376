"""At the top."""
