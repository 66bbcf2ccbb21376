"""How well a profile fits a source; and LLVM's own program at work on small ones (PROFILE_DEBS)."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from tools.inputs.cpython import profile
from tools.inputs.cpython.errors import BuildError
from tools.inputs.cpython.recipe import Recipe
from tools.inputs.cpython.root import Isolation

RECIPE = Recipe("3.11", "3.11.2", "", "", (), (), {}, (), (), (), value_profile=False)
WITH_VALUES = dataclasses.replace(RECIPE, value_profile=True)
VALUES = "# Num Value Kinds:\n1\n# ValueKind = IPVK_IndirectCallTarget:\n0\n# NumValueSites:\n1\n1\nf0:1\n"
WARNING = "a.c: warning: profile data may be out of date: of {} functions, {} mismatched data that will be ignored\n"


def text(count: int) -> str:
    """Return a profile of some functions, as LLVM writes it."""
    return "".join(f"f{i}\n# Func Hash:\n24\n# Num Counters:\n1\n# Counter Values:\n{i + 1}\n\n" for i in range(count))


@pytest.fixture
def hundred(tmp_path: Path) -> Path:
    """Return a profile of a hundred functions."""
    path = tmp_path / "3.11.proftext"
    path.write_text(text(100))
    return path


class TestCheck:
    """The limit."""

    def test_fits(self, hundred: Path) -> None:
        log = WARNING.format(12, "1 has") + "gcc -c b.c\n" + WARNING.format(1, "1 has")
        assert profile.check(log, hundred, RECIPE) == "profile of 100 functions, 2 older than the source"

    def test_is_too_old(self, hundred: Path) -> None:
        log = WARNING.format(12, "2 have") + WARNING.format(3, "1 has")
        with pytest.raises(BuildError, match=r"of 3 of its 100 functions.*update_profiles -- 3\.11"):
            profile.check(log, hundred, RECIPE)

    def test_holds_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_text("")
        with pytest.raises(BuildError, match="of 0 of its 0 functions"):
            profile.check("", tmp_path / "x", RECIPE)

    def test_lacks_calls_through_pointers(self, hundred: Path) -> None:
        with pytest.raises(
            BuildError, match=r"3\.11\.proftext lacks counts of calls .* value_profile = True; make it again"
        ):
            profile.check("", hundred, WITH_VALUES)

    def test_has_calls_through_pointers(self, tmp_path: Path) -> None:
        path = tmp_path / "3.11.proftext"
        path.write_text(text(1).rstrip("\n") + "\n" + VALUES)
        assert profile.check("", path, WITH_VALUES) == "profile of 1 functions, 0 older than the source"
        with pytest.raises(BuildError, match=r"3\.11\.proftext has counts of calls .* value_profile = False"):
            profile.check("", path, RECIPE)


def test_value_profile_is_a_flag_of_both_sides() -> None:
    for flags in (profile.flags_to_count, lambda recipe: profile.flags_to_use(recipe, "/p")):
        assert flags(WITH_VALUES) == flags(RECIPE) + " -mllvm -enable-value-profiling"


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> profile.Tools:
    """Return llvm-profdata."""
    debs = [Path(name) for name in os.environ["PROFILE_DEBS"].split()]
    return profile.Tools(tmp_path_factory.mktemp("tools") / "root", debs, Isolation(proot=os.environ["ROOTLESS_TOOLS"]))


class TestTools:
    """Texts, indexed and added up."""

    def test_index(self, tools: profile.Tools, hundred: Path, tmp_path: Path) -> None:
        for name in ("one", "two"):
            tools.index(hundred, tmp_path / name)
        content = (tmp_path / "one").read_bytes()
        # Magic number, then the version of the form: 12, LLVM 19's own, is too new for the compiler.
        assert content[:16] == b"\xfflprofi\x81" + (11).to_bytes(8, "little")
        assert content == (tmp_path / "two").read_bytes()

    def test_not_a_profile(self, tools: profile.Tools, tmp_path: Path) -> None:
        (tmp_path / "x.proftext").write_text("f\nnonsense\n")
        with pytest.raises(BuildError, match="index failed"):
            tools.index(tmp_path / "x.proftext", tmp_path / "x")

    def test_merge(self, tools: profile.Tools, tmp_path: Path) -> None:
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "a.proftext").write_text(text(1))
        tools.merge(((8, tmp_path / "one"), (1, tmp_path / "two")), tmp_path / "merged")
        assert "# Counter Values:\n9\n" in (tmp_path / "merged").read_text()
        assert profile.functions(tmp_path / "merged") == 1
