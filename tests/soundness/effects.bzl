"""What is declared of the Debian packages' maintainer scripts, as the checks want it."""

load("//runtime/debian:effects.bzl", "EFFECTS")

# Verbs whose path dpkg's lists don't have. The others change what is in a package.
_MAKES = ["copy", "file", "link"]

def declared_paths():
    """Return the files that maintainer scripts would make.

    Returns:
      dict: package -> sorted list of paths, without a leading slash.
    """
    return {
        package: sorted([effect["path"] for effect in effects if effect["verb"] in _MAKES])
        for package, effects in EFFECTS.items()
    }
