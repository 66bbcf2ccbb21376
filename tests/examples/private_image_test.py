"""The image of examples/private_index, made of its directory on a whole base: the DAG finds the private package there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.examples import directory, private_index
from tools.host.lint.worktree import ROOT
from tools.project.places import read_layout
from tools.ship.tests import certificates

EXAMPLE = ROOT / "examples/private_index"


def test_the_dag_and_its_tests_in_the_image(tmp_path: Path) -> None:
    authority = certificates.authority(tmp_path / "tls")
    layout = tmp_path / "layout"
    (tmp_path / "index").mkdir()
    with private_index.running(tmp_path / "index", authority.server("index")) as index:
        environment = {"SSL_CERT_FILE": str(authority.certificate), **index.variables}
        options = ["--line=10", "--arch=amd64", f"--output={layout}"]
        directory.image(EXAMPLE, tmp_path / "home", *options, **environment)
    blobs, image = layout / "blobs/sha256", read_layout(layout)
    config = json.loads(image.manifest)["config"]["digest"]
    layers = [f"--layer={blobs / digest.partition(':')[2]}" for digest in image.layers()]
    files = [(f"tests/{file.name}", str(file)) for file in sorted(EXAMPLE.glob("tests/*.py"))]
    tests = tmp_path / "tests.json"
    tests.write_text(json.dumps({"files": files, "env": {}}))
    done = subprocess.run(
        [sys.executable, "-s", "-m", "tools.verify.dag_test.main", "--arch=amd64", *layers, f"--tests={tests}"]
        + [f"--config={blobs / config.partition(':')[2]}", f"--proot={os.environ['ROOTLESS_TOOLS']}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "dag_test: 3 passed, 0 failed, 0 skipped" in done.stdout
