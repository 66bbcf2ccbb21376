"""What the build does with an installed tree."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.host.rootless.spec import Mount
from tools.inputs.cpython import build
from tools.inputs.cpython.recipe import Recipe


class Root:
    """Runs a script's program by the Python of this test, where the tree can be written: as under proot."""

    def run(self, step: str, script: str, mounts: Sequence[Mount]) -> None:
        """See BuildRoot.run."""
        (mount,) = mounts
        _, *words = shlex.split(script)
        place = Path(mount.source) / "lib"
        *options, code, script, name = words
        found = [*options, code, f"import sys; sys.path.insert(0, {str(place)!r})\n{script}", name]
        environment = {"PYTHONDONTWRITEBYTECODE": "1"}  # as of build roots, and ignored by -I
        subprocess.run([sys.executable, *found], env=environment, check=True)


def test_checking_imports_writes_no_bytecode(tmp_path: Path) -> None:
    library = tmp_path / "usr/local/lib"
    library.mkdir(parents=True)
    (library / "looked_at.py").write_text("")
    recipe = Recipe("3.11", "3.11.2", "", "", (), (), {}, (), ("looked_at",), (), value_profile=False)
    build._check_imports(Root(), tmp_path, recipe)  # type: ignore[arg-type]
    assert [path.name for path in library.iterdir()] == ["looked_at.py"]
