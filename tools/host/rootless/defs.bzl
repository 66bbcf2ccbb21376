"""Programs that are needed to enter a root.

    load("//tools/host/rootless:defs.bzl", "rootless_tools")

The Python API is tools.host.rootless.enter.run; its command line is described in enter.py.
"""

load("//tools/host/rootless/private:rootless_tools.bzl", _rootless_tools = "rootless_tools")

rootless_tools = _rootless_tools
