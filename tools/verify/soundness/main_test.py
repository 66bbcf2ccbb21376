"""The whole program, from facts on disk to exit status and report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tools.verify.soundness import image_samples, main
from tools.verify.soundness.image_samples import Sample
from tools.verify.soundness.layer_facts import FactsError, load

TESTS = """\
schemaVersion: "2.0.0"
fileExistenceTests: [{name: tool, path: /bin/dash, uid: 0}]
commandTests: [{name: a, command: b}]
"""


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, dict[str | None, ElementTree.Element | None]]]:
    def call(
        sample: Any,
        tests: Any = TESTS,
        tree: str = "dangling: []\n",
        exceptions: str = "[]",
        declared: tuple[Any, ...] = (),
    ) -> Any:
        image = sample.build(tmp_path)
        arguments = ["--name=sample", "--arch=amd64", f"--config={image_samples.write_config(image, tmp_path)}"]
        for layer, blob in zip(image.layers, sample.blobs):
            arguments += ["--layer", str(tmp_path / f"{layer.name}.facts.json"), str(blob)]
        for kind, text in (("test", tests), ("tree", tree), ("exceptions", exceptions)):
            (tmp_path / f"{kind}.yaml").write_text(text)
            arguments.append(f"--{kind}={tmp_path / kind}.yaml")
        for package, path in declared:
            arguments += ["--declared", package, path]
        monkeypatch.setenv("XML_OUTPUT_FILE", str(tmp_path / "report.xml"))
        status = main.main(arguments)
        cases = {
            case.get("name"): case.find("failure")
            for case in ElementTree.parse(tmp_path / "report.xml").iter("testcase")
        }
        return status, capsys.readouterr().out, cases

    return call


def test_everything_passes(run: Callable[..., tuple[int, str, dict[str | None, ElementTree.Element | None]]]) -> None:
    sample = Sample()
    sample.debs["dash"].unlisted["etc/made"] = b""
    status, output, cases = run(sample, declared=[("dash", "etc/made")])
    assert status == 0, output
    assert "1 command tests are not judged here" in output
    assert {"File Existence Test: tool", "dangling", "elf-needed", "unused-exception", "config and layers"} <= set(
        cases
    )
    assert set(cases.values()) == {None}


def test_failures_are_named(run: Callable[..., tuple[int, str, dict[str | None, ElementTree.Element | None]]]) -> None:
    sample = Sample()
    sample.debs["dash"].unlisted["etc/made"] = b""
    status, output, cases = run(
        sample, TESTS.replace("uid: 0", "uid: 1"), "links: {/x: y}\n", "[{check: secret, path: /x, reason: why}]"
    )
    assert status == 1
    failed = {name for name, failure in cases.items() if failure is not None}
    assert failed == {"File Existence Test: tool", "links", "dpkg-unlisted", "unused-exception"}
    assert (
        "sample: dpkg-unlisted: /etc/made [layer 0: debian, part deb:dash=1.0-1, package dash]: the list of" in output
    )


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"tests": "a"}, "schemaVersion is not 2.0.0"),
        ({"tree": "a: b"}, "unknown key 'a'"),
        ({"exceptions": "a: b"}, "must be a list"),
    ],
)
def test_files_that_are_not_understood(
    run: Callable[..., tuple[int, str, dict[str | None, ElementTree.Element | None]]],
    keywords: dict[str, str],
    message: str,
) -> None:
    status, output, cases = run(Sample(), **keywords)
    assert (status, list(cases)) == (1, ["set-up"])
    assert message in output


def test_an_image_with_nothing_to_look_at(
    run: Callable[..., tuple[int, str, dict[str | None, ElementTree.Element | None]]],
) -> None:
    sample = Sample()
    sample.wheels["pure"].executable = ()
    status, output, _ = run(sample)
    assert status == 1
    assert "there is nothing to look at: no scripts" in output


def test_an_image_without_python(
    run: Callable[..., tuple[int, str, dict[str | None, ElementTree.Element | None]]],
) -> None:
    sample = Sample(removed={f"{image_samples.LIBRARY}/importlib/_bootstrap_external.py"})
    status, output, _ = run(sample)
    assert status == 1
    assert "sample: 0 interpreters in /usr/local instead of one" in output


def test_facts_that_are_none(tmp_path: Path) -> None:
    for text in ("", "[]", '[{"format": 0}]', '[{"format": 1, "name": "", "diff_id": "", "origins": []}, [1]]'):
        (tmp_path / "facts").write_text(text)
        with pytest.raises(FactsError, match="no facts of a layer"):
            load(tmp_path / "facts")
