"""What is declared of the Debian packages' maintainer scripts, as the checks want it."""

load("//runtime/debian:effects.bzl", "EFFECTS")

# Verb -> which of its arguments is a path that dpkg's lists don't have. The others change what is in a package.
_MAKES = {
    "copy": 2,
    "file": 1,
    "link": 1,
}

def declared_paths():
    """Gives the files that maintainer scripts would make.

    Returns:
      dict: package -> sorted list of paths, without a leading slash.
    """
    return {
        package: sorted([effect[_MAKES[effect[0]]] for effect in effects if effect[0] in _MAKES])
        for package, effects in EFFECTS.items()
    }
