"""Tests of reading a Dockerfile."""

from __future__ import annotations

import pytest

from tools.project import dockerfile
from tools.project.errors import ProjectError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "FROM registry.example/astronomer/astro-runtime:10.9.0\n",
            ("registry.example/astronomer/astro-runtime", "10.9.0", ""),
        ),
        (
            "\ufeff# our image\r\n\r\nfrom astro-runtime:10.9.0-python-3.9\r\n",
            ("astro-runtime", "10.9.0-python-3.9", ""),
        ),
        (
            "FROM \\\n  # why not\n  localhost:5000/a/astro-runtime:9.17.0",
            ("localhost:5000/a/astro-runtime", "9.17.0", ""),
        ),
        ("FROM astro-runtime:10.9.0 AS base", ("astro-runtime", "10.9.0", "")),
        ("FROM astro-runtime", ("astro-runtime", "", "")),
        (f"FROM astro-runtime@sha256:{'0' * 64}", ("astro-runtime", "", f"sha256:{'0' * 64}")),
    ],
)
def test_from_alone(text: str, expected: tuple[str, str, str]) -> None:
    assert dockerfile.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Dockerfile is empty"),
        ("# nothing\n", "Dockerfile is empty"),
        ("FROM a/astro-runtime:10.9.0\nRUN apt-get install x", "line 2: RUN .*packages.txt"),
        ("FROM a/astro-runtime:10.9.0\n\n# x\nCOPY a b\n", "line 4: COPY .*copied into the image already"),
        ("FROM a/astro-runtime:10.9.0\nENV A=b", "line 2: ENV "),
        ("FROM a/astro-runtime:10.9.0\nFROM x", "line 2: FROM .*several stages"),
        ("FROM a/astro-runtime:10.9.0\nHEALTHCHECK NONE", "line 2: HEALTHCHECK .*builder"),
        ("ARG V=1\nFROM a:$V", "line 1: ARG .*whole name"),
        ("FROM --platform=linux/amd64 astro-runtime:10.9.0", "--platform=linux/amd64: take it out; --arch"),
        ("FROM $BASE", "is not 'FROM"),
        ("FROM", "line 1: FROM"),
    ],
)
def test_what_needs_a_builder(text: str, message: str) -> None:
    with pytest.raises(ProjectError, match=message):
        dockerfile.parse(text)
