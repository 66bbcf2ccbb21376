"""Pages from docstrings: what they contain, what is refused, what a check finds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tools.host.reference.main import main

_MODULE = """
module_docstring: "Parts.\\n\\n    load(\\"//a:defs.bzl\\", \\"part\\")"
rule_info {
  rule_name: "part"
  doc_string: "Make a part."
  attribute { name: "name" type: NAME mandatory: true doc_string: "A name." }
  attribute { name: "arch" type: STRING default_value: "\\"amd64\\"" values: "amd64" values: "arm64" doc_string: "One\\nof two." }
  attribute {
    name: "src" type: LABEL mandatory: true doc_string: "The tar."
    provider_name_group { provider_name: "TarInfo" }
  }
  advertised_providers { provider_name: "PartInfo" }
}
func_info {
  function_name: "labels"
  doc_string: "Return labels."
  parameter { name: "lock" doc_string: "a lock" }
  parameter { name: "arch" doc_string: "an architecture" default_value: "None" }
  return { doc_string: "list of labels" }
}
provider_info {
  provider_name: "PartInfo"
  doc_string: "A part."
  field_info { name: "b" doc_string: "File: b." }
  field_info { name: "a" doc_string: "File: a." }
}
"""

_PAGE = """\
# `//a:defs.bzl`

Parts.

    load("//a:defs.bzl", "part")

## Rules

### part

Make a part.

Provides: `PartInfo`.

Attributes:

- **src** (label, with `TarInfo`, required): The tar.
- **arch** (string, one of `amd64`, `arm64`, default `"amd64"`): One of two.

## Macros and functions

### labels

Return labels.

Arguments:

- **lock**: a lock
- **arch** (default `None`): an architecture

Returns: list of labels

## Providers

### PartInfo

A part.

Fields:

- **a**: File: a.
- **b**: File: b.
"""


Run = Callable[..., int]


@pytest.fixture(name="run")
def _run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BUILD_WORKSPACE_DIRECTORY", raising=False)
    (tmp_path / "pages").mkdir()

    def run(*options: str, module: str = _MODULE) -> int:
        (tmp_path / "module.textproto").write_text(module)
        return main([*options, "--directory=pages", "a=//a:defs.bzl=module.textproto"])

    return run


def test_pages(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pages" / "old.md").touch()
    assert run() == 0
    assert (tmp_path / "pages" / "a.md").read_text().partition("\n\n")[2] == _PAGE
    index = (tmp_path / "pages" / "index.md").read_text()
    assert "- [`//a:defs.bzl`](a.md)\n  - [PartInfo](a.md#partinfo)\n  - [labels](a.md#labels)\n" in index
    assert not (tmp_path / "pages" / "old.md").exists()
    assert run("--check") == 0


def test_a_check_names_the_page_and_the_command(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run()
    assert run("--check", module=_MODULE.replace("The tar.", "A tar.")) == 1
    message = capsys.readouterr().err
    assert "pages/a" in message
    assert "index.md" not in message
    assert "bazel run //docs/reference:update" in message
    assert "The tar." in (tmp_path / "pages" / "a.md").read_text()


@pytest.mark.parametrize(
    ("present", "name"),
    [
        ("Parts.\\n\\n", "//a:defs.bzl"),
        ("Make a part.", "part"),
        ("The tar.", "part.src"),
        ("Return labels.", "labels"),
        ("an architecture", "labels(arch)"),
        ("File: b.", "PartInfo.b"),
    ],
)
def test_what_has_no_docstring_is_named(run: Run, capsys: pytest.CaptureFixture[str], present: str, name: str) -> None:
    module = _MODULE.replace(present, "")
    if name.startswith("//"):
        module = "\n".join(line for line in module.splitlines() if not line.startswith("module_docstring"))
    assert run(module=module) == 1
    assert f"reference: {name} has no docstring" in capsys.readouterr().err
