"""What a node with the base pulls for examples/kubernetes_pod; and its template fits the image's configuration.

What the template's pod does is tested in the image: //examples/kubernetes_pod:pod_test.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import yaml

HERE = Path("examples/kubernetes_pod")


def _document(variable: str) -> dict[str, Any]:
    return json.loads(Path(os.environ[variable]).read_text())


def test_a_node_with_the_base_pulls_the_projects_layers() -> None:
    base, image = _document("BASE")["layers"], _document("IMAGE")["layers"]
    assert image[: len(base)] == base
    own = image[len(base) :]
    sizes = [layer["size"] for layer in own]
    said = re.search(r"pulls (\d+) layer of ([\d ]+) bytes", (HERE / "README.md").read_text())
    assert said, "README.md does not say what a node pulls"
    assert (int(said[1]), int(said[2].replace(" ", ""))) == (len(sizes), sum(sizes))


def test_the_template_fits_the_image() -> None:
    config = _document("CONFIG")["config"]
    assert config["Entrypoint"] == ["/entrypoint"]  # what pod_test starts the pod's args by
    spec = yaml.safe_load((HERE / "pod_template.yaml").read_text())["spec"]
    assert str(spec["securityContext"]["runAsUser"]) == config["User"]
