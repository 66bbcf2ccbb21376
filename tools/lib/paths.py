"""What paths mean, in layers and to Linux."""

from __future__ import annotations

WHITEOUT = ".wh."
"""Prefix of a name by which a layer removes that name from the layers below (OCI image specification, "Whiteouts")."""

OPAQUE = ".wh..wh..opq"
"""A name by which a layer removes what its directory holds in the layers below."""

MAX_LINKS = 40
"""Linux follows this many symbolic links in a path (path_resolution(7))."""
