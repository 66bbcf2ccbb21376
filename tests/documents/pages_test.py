"""Links, anchors and paths of Markdown pages lead somewhere, tables fit, prose keeps to docs/words.txt.

And code keeps to the budget in docs/design.md.
"""

from __future__ import annotations

import re

from tests.documents import budget
from tests.documents.pages import anchors, links, paths, prose
from tools.host.lint.words import rules
from tools.host.lint.worktree import ROOT, report, texts

TABLE_WIDTH = 160
PAGES = list(texts(".md"))
# Names files that releases of the past had.
_HISTORY = "CHANGELOG.md"

_SAMPLE = """\
# A `title`, really

See [one](b.md#part-1) and `[not](a-link.md)`; it stands here.

    [nor](this.md) stands

## A `title`, really

- an item
    that goes on [two](c.md)

```
[nor](that.md)
```
tools/bazel, runtime/x_<line>.yaml, //tools/oci:x, docs/*.md, bazel-bin/runtime/y, see docs/a.md.
"""


def test_reading_a_page() -> None:
    assert links(_SAMPLE) == ["b.md#part-1", "c.md"]
    assert anchors(_SAMPLE) == {"a-title-really", "a-title-really-1"}
    assert list(paths(_SAMPLE)) == ["tools/bazel", "docs/a.md"]
    assert [number for number, line in enumerate(prose(_SAMPLE), 1) if "stands" in line] == [3]


def test_links_lead_somewhere() -> None:
    faults = []
    for name, text in PAGES:
        for link in links(text):
            if "://" in link or link.startswith("mailto:"):
                continue
            target, _, anchor = link.partition("#")
            file = (ROOT / name).parent / target if target else ROOT / name
            if not file.exists():
                faults.append(f"{name}: {link}: no such file")
            elif anchor and anchor not in anchors(file.read_text()):
                faults.append(f"{name}: {link}: no such heading in {file.name}")
    assert not faults, report(faults)


def test_named_paths_exist() -> None:
    faults = [
        f"{name}: {path}"
        for name, text in PAGES
        if name != _HISTORY
        for path in paths(text)
        if not ((ROOT / path).exists() or ((ROOT / name).parent / path).exists())
    ]
    assert not faults, report(faults)


def test_every_page_is_reachable() -> None:
    """From README.md, by links alone."""
    texts_of = {ROOT / name: text for name, text in PAGES}
    unseen = set(texts_of)
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in unseen:
            unseen.remove(page)
            waiting += [(page.parent / link.partition("#")[0]).resolve() for link in links(texts_of[page])]
    assert sorted(page.relative_to(ROOT).as_posix() for page in unseen) == []


def test_tables_fit() -> None:
    faults = [
        f"{name}:{number}: {len(line)} characters, {TABLE_WIDTH} are the most: shorten it, or move text below the table"
        for name, text in PAGES
        for number, line in enumerate(text.splitlines(), 1)
        if line.lstrip().startswith("|") and len(line) > TABLE_WIDTH
    ]
    assert not faults, report(faults)


def test_words() -> None:
    banned = rules((ROOT / "docs/words.txt").read_text())
    faults = [
        f"{name}:{number}: {match[0].strip(' ,')!r}: write: {rule.better} (docs/words.txt)"
        for name, text in PAGES
        for number, line in enumerate(prose(text), 1)
        for rule in banned
        for match in rule.phrase.finditer(line)
    ]
    assert not faults, report(faults)


def test_what_counts_as_production() -> None:
    for name in (
        "runtime/x.bzl",
        "tools/bazel",
        "tools/oci/layer.py",
        "runtime/rootfs/bin/clean",
        "tools/host/launcher/a.sh",
    ):
        assert budget.is_production(name), name
    for name in (
        "tools/oci/layer_test.py",
        "tools/oci/tests/x.py",
        "tests/a.py",
        "tools/x/samples.py",
        "runtime/a.yaml",
    ):
        assert not budget.is_production(name), name
    assert budget.folder("tools/oci/private/a.bzl") == "tools/oci"
    assert budget.folder("runtime/rootfs/entrypoint") == "runtime"
    assert budget.folder("tools/bazel") == "tools"


def test_layers_in_the_workspace_for_rules_img() -> None:
    """Its BUILD file has to say how many layers our images have."""
    build = (ROOT / "e2e/rules_img/BUILD.bazel").read_text()
    found = re.findall(r'src = _RUNTIME \+ "(\w+)".*?layers = \[GZIP_LAYER\] \* (\d+),', build, re.DOTALL)
    golden = {name: (ROOT / f"runtime/golden/{name}.golden").read_text() for name, _ in found}
    assert found == [(name, str(len(re.findall("^layer ", text, re.MULTILINE)))) for name, text in golden.items()]


def test_code_keeps_to_its_budget() -> None:
    most = budget.budget((ROOT / "docs/design.md").read_text())
    counted = budget.lines()
    assert most.keys() == counted.keys(), "docs/design.md, Complexity budget: a row for each folder, and no other"
    faults = [
        f"{name}: {lines} lines, the budget is {most[name]}: simplify, or raise it in docs/design.md and say what the lines buy"
        for name, lines in counted.items()
        if lines > most[name]
    ]
    assert not faults, report(faults)
