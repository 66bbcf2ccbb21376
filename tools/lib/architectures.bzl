"""The architectures of the images, by the name that OCI, Debian and Go give them.

The part of architectures.py that rules need; architectures_test compares the two. Fields: `machine`, as `uname -m` and wheel tags
call it; `triplet` of GNU; `loader`, soname of the dynamic loader.
"""

ARCHITECTURES = {
    "amd64": struct(machine = "x86_64", triplet = "x86_64-linux-gnu", loader = "ld-linux-x86-64.so.2"),
    "arm64": struct(machine = "aarch64", triplet = "aarch64-linux-gnu", loader = "ld-linux-aarch64.so.1"),
}

# Of the machine that builds.
BUILD_ARCHITECTURE = "amd64"
