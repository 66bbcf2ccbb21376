"""The two ways in which a target is built: data. docs/reproducibility.md says of each line why it is here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Way:
    """How one of the two builds is done."""

    name: str
    workspace: str
    """Directory of the copy, below the scratch directory."""
    output_base: str
    umask: int
    environment: Mapping[str, str]
    """Of Bazel's client and server, beside HOME, which is below the scratch directory."""
    options: tuple[str, ...]
    """Of `bazel build`."""
    user: int
    """User and group id that Bazel has; 0 is the caller."""
    backwards: bool
    """Make the copy's files in the reverse order of their names."""
    age: int
    """Seconds that the copy's files are old."""
    clock: str
    """If not empty, actions run in another system (elsewhere.py), whose clock is wrong by this, as in FAKETIME."""
    processor: str
    """Of our own programs in that other system, as qemu's -cpu has it."""


PLAIN = Way(
    name="plain",
    workspace="a",
    output_base="o",
    umask=0o022,
    environment={"LC_ALL": "C", "TZ": "UTC", "USER": "someone", "COLUMNS": "80"},
    options=("--jobs=2",),
    user=0,
    backwards=False,
    age=0,
    clock="",
    processor="",
)

OTHER = Way(
    name="other",
    workspace="another/checkout-with-a-much-longer-name/of-the-same-source/in-a-deeper-directory/workspace",
    output_base="another/output-base-with-a-longer-name",
    umask=0o077,
    environment={
        "LC_ALL": "tr_TR.UTF-8",
        "LANG": "tr_TR.UTF-8",
        "TZ": "Asia/Kathmandu",
        "USER": "nobody-in-particular",
        "LOGNAME": "nobody-in-particular",
        "HOSTNAME": "elsewhere.example",
        "COLUMNS": "200",
        "PYTHONHASHSEED": "4711",
        "SOURCE_DATE_EPOCH": "1",
        "CFLAGS": "-DFROM_OUTSIDE",
    },
    # Many at a time: the order in which actions end is another one.
    options=("--jobs=7", "--local_resources=cpu=7"),
    user=54321,
    backwards=True,
    age=400 * 24 * 3600,
    clock="+800d",
    # No SSSE3, SSE4, AVX, AVX2, AVX-512, BMI, SHA.
    processor="qemu64",
)
