"""Variants of structure tests: some pass where the original passes, most fail. For the comparison of two judges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_NOWHERE = "/nowhere/at/all"


def variants(tests: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield files of tests made of one, as read by structure.read.

    Yields:
        The original without its command tests, then variants, one for each value of metadataTest.
    """
    head: dict[str, Any] = {"schemaVersion": "2.0.0"}
    kept: dict[str, Any] = {
        key: tests[key]
        for key in ("fileContentTests", "fileExistenceTests", "licenseTests", "metadataTest")
        if key in tests
    }
    if kept:
        yield {**head, **kept}
    changed = {
        "fileContentTests": [each for test in tests.get("fileContentTests", ()) for each in _content(test)],
        "fileExistenceTests": [each for test in tests.get("fileExistenceTests", ()) for each in _existence(test)],
        "licenseTests": [{"debian": "true"}, {"files": [_NOWHERE]}]
        + [{"files": [test["path"]]} for test in tests.get("fileContentTests", ())],
    }
    yield {**head, **{key: value for key, value in changed.items() if value}}
    for metadata in _metadata(tests.get("metadataTest") or {}):
        yield {**head, "metadataTest": metadata}


def _existence(test: dict[str, Any]) -> Iterator[dict[str, Any]]:
    plain = {"name": test["name"], "path": test["path"]}
    yield {**plain, "shouldExist": "true"}
    yield {**plain, "shouldExist": "false"}
    yield {**plain, "path": test["path"] + "/"}
    yield {**plain, "path": test["path"] + _NOWHERE}
    for permissions in ("-rw-r--r--", "-rwxr-xr-x", "drwxr-xr-x", "Lrwxrwxrwx", "dtrwxrwxrwx", "rwxr-xr-x"):
        yield {**plain, "permissions": permissions}
    for who in ("any", "owner", "group", "other", "nobody"):
        yield {**plain, "isExecutableBy": who}
        yield {**plain, "isExecutableBy": who, "shouldExist": "false"}


def _content(test: dict[str, Any]) -> Iterator[dict[str, Any]]:
    plain = {"name": test["name"], "path": test["path"]}
    expected, excluded = test.get("expectedContents") or [], test.get("excludedContents") or []
    yield {**plain, "expectedContents": excluded or [r"\A\z"], "excludedContents": expected}
    for pattern in (*expected, *excluded):
        for spelling in (
            pattern,
            pattern + r"\z",
            f"(?i){pattern}",
            f"^{pattern}$",
            f"{pattern}$",
            f"(?:{pattern}",
            f"{pattern}(?=x)",
        ):
            yield {**plain, "expectedContents": [spelling]}
            yield {**plain, "excludedContents": [spelling]}
    for pattern in ("", r"\s$", r"\n\z", r"(?s)\A.*\z", r"[[:upper:]]+\d?", "*", "a**", r"(a)\1", r"\Q.\E", "x{1001}"):
        yield {**plain, "expectedContents": [pattern]}
    yield {"name": test["name"], "path": _NOWHERE, "expectedContents": [""]}


def _metadata(test: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for key in ("envVars", "labels"):
        for number, pair in enumerate(test.get(key) or ()):
            name, value = pair["key"], pair.get("value", "")
            # One kind for each, in turn: every one costs a start of the program.
            yield (
                {key: [{"key": name, "value": value, "isRegex": "true"}]},
                {key: [{"key": name, "value": value + "x"}]},
                {key: [{"key": name, "value": f"^{value}$", "isRegex": "true"}]},
                {key: [{"key": name + "_NONE", "value": value}]},
                {"unboundEnvVars": [{"key": name}]},
            )[number % 5]
    for pair in test.get("unboundEnvVars") or ():
        yield {"envVars": [{"key": pair["key"], "value": ".*", "isRegex": "true"}]}
    for key in ("entrypoint", "cmd"):
        if key in test:
            words = list(test[key] or ())
            yield from ({key: value} for value in ([*words, "x"], words[:-1], words[::-1], ["x"]))
    for key in ("workdir", "user"):
        if test.get(key):
            yield {key: test[key]}
            yield {key: test[key] + "x"}
    yield {"volumes": [_NOWHERE]}
    yield {"unmountedVolumes": [_NOWHERE]}
    yield {"exposedPorts": ["80"]}
    yield {"unexposedPorts": ["80"]}
