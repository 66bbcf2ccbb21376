"""Ask a real builder which files each .dockerignore of verdicts.json leaves out, and write its answers there.

python3 -m tools.project.verdicts          # root, with buildah on PATH; some minutes
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.lib.program import Program

_FILE = Path(__file__).with_name("verdicts.json")


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return done.stdout.strip()


def _seen(place: Path, rules: str) -> set[str]:
    """Everything that `COPY . /` brings into an empty image."""
    (place / "context/.dockerignore").write_bytes(rules.encode())
    (place / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    image = _run("buildah", "bud", "-q", "-f", str(place / "Dockerfile"), str(place / "context")).splitlines()[-1]
    container = _run("buildah", "from", image)
    try:
        root = Path(_run("buildah", "mount", container))
        return {f"{path.relative_to(root)}{'/' if path.is_dir() else ''}" for path in root.rglob("*")}
    finally:
        _run("buildah", "rm", container)
        _run("buildah", "rmi", image)


def ask(tree: list[str], rules: str) -> dict[str, Any]:
    """Return a case of verdicts.json."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        context = place / "context"
        for name in tree:
            (context / name).parent.mkdir(parents=True, exist_ok=True)
            (context / name).write_text(name)
        there = {f"{path.relative_to(context)}{'/' if path.is_dir() else ''}" for path in context.rglob("*")}
        try:
            return {"rules": rules, "left_out": sorted(there - _seen(place, rules))}
        except RuntimeError as error:
            if "exclu" not in str(error):
                raise
            return {"rules": rules, "refused": True}


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    Program("verdicts", __doc__).parse_args(argv)
    known = json.loads(_FILE.read_bytes())
    cases = [ask(known["tree"], case["rules"]) for case in known["cases"]]
    builder = " ".join(_run("buildah", "--version").split()[0::2][:2])
    body = ",\n".join(f"    {json.dumps(case)}" for case in cases)
    _FILE.write_text(
        f'{{\n  "builder": "{builder}",\n  "tree": {json.dumps(known["tree"])},\n  "cases": [\n{body}\n  ]\n}}\n'
    )
    print("".join(f"{case['rules']!r}: changed\n" for case, old in zip(cases, known["cases"]) if case != old), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
