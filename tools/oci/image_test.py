"""Configs and manifests: fields, layers that disagree, the command line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tools.oci import canonical, image, mtree
from tools.oci.image import ImageError, Layer, Spec
from tools.oci.layer import Metadata
from tools.oci.mtree import DIRECTORY, FILE, Entry, implied_directory
from tools.oci.overlay import Tree


def layer(name: str, *entries: Entry) -> Layer:
    return Layer(name, Metadata(canonical.LAYER, f"sha256:{name}", f"sha256:diff-{name}", 10, 20), Tree(name, entries))


LAYERS = [layer("base"), layer("wheels")]


def test_config_has_the_oci_and_the_docker_fields() -> None:
    spec = Spec(
        "arm64",
        variant="v8",
        user="50000:0",
        env={"PATH": "/bin", "LANG": "C.UTF-8"},
        entrypoint=["/entrypoint"],
        cmd=["airflow", "--help"],
        workdir="/usr/local/airflow",
        labels={"b": "2", "a": "1"},
        exposed_ports=["8080", "8793/udp"],
        volumes=["/data"],
        stop_signal="SIGTERM",
        onbuild=["COPY . ."],
        shell=["/bin/bash", "-c"],
        healthcheck=["CMD-SHELL", "true"],
        healthcheck_options={"interval": "30s", "retries": "3"},
    )
    assert image.config(spec, LAYERS) == {
        "architecture": "arm64",
        "os": "linux",
        "variant": "v8",
        "created": "2024-01-01T00:00:00Z",
        "config": {
            "User": "50000:0",
            "Env": ["LANG=C.UTF-8", "PATH=/bin"],
            "Entrypoint": ["/entrypoint"],
            "Cmd": ["airflow", "--help"],
            "WorkingDir": "/usr/local/airflow",
            "Labels": {"a": "1", "b": "2"},
            "ExposedPorts": {"8080/tcp": {}, "8793/udp": {}},
            "Volumes": {"/data": {}},
            "StopSignal": "SIGTERM",
            "OnBuild": ["COPY . ."],
            "Shell": ["/bin/bash", "-c"],
            "Healthcheck": {"Test": ["CMD-SHELL", "true"], "Interval": 30_000_000_000, "Retries": 3},
        },
        "rootfs": {"type": "layers", "diff_ids": ["sha256:diff-base", "sha256:diff-wheels"]},
        "history": [
            {"created": "2024-01-01T00:00:00Z", "created_by": "base"},
            {"created": "2024-01-01T00:00:00Z", "created_by": "wheels"},
        ],
    }


def test_empty_fields_are_left_out() -> None:
    config = image.config(Spec("amd64"), LAYERS)
    assert config["config"] == {}
    assert "variant" not in config
    assert "annotations" not in image.manifest(Spec("amd64"), b"{}", LAYERS)


def test_manifest() -> None:
    assert image.manifest(Spec("amd64", annotations={"a": "b"}), b"{}", LAYERS) == {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": "sha256:" + hashlib.sha256(b"{}").hexdigest(),
            "size": 2,
        },
        "layers": [
            {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": "sha256:base", "size": 10},
            {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": "sha256:wheels", "size": 10},
        ],
        "annotations": {"a": "b"},
    }


def test_json_is_canonical() -> None:
    assert (
        canonical.encode({"b": [1, {"d": None, "c": "é"}], "a": True})
        == '{"a":true,"b":[1,{"c":"é","d":null}]}'.encode()
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("architecture", ""),
        ("env", {"A=B": "c"}),
        ("env", {"": "c"}),
        ("workdir", "airflow"),
        ("volumes", ["data"]),
        ("exposed_ports", ["http"]),
        ("exposed_ports", ["65536"]),
        ("exposed_ports", ["80/icmp"]),
        ("onbuild", ["ONBUILD RUN x"]),
        ("onbuild", ["from x"]),
        ("onbuild", ["RUN a\nRUN b"]),
        ("onbuild", [""]),
        ("healthcheck", ["true"]),
        ("healthcheck_options", {"retries": "3"}),
    ],
)
def test_bad_fields_are_named(field: str, value: object) -> None:
    spec = Spec("amd64")
    setattr(spec, field, value)
    with pytest.raises(ImageError, match=f"`{field}`"):
        image.config(spec, LAYERS)


@pytest.mark.parametrize("options", [{"interval": "30"}, {"interval": "1m"}, {"retries": "x"}, {"start": "1s"}])
def test_bad_healthcheck_options(options: dict[str, str]) -> None:
    with pytest.raises(ImageError, match="`healthcheck_options`"):
        image.config(Spec("amd64", healthcheck=["NONE"], healthcheck_options=options), LAYERS)


def test_a_file_in_two_layers_names_both() -> None:
    file = Entry("etc/x", FILE, 0o644)
    layers = [layer("base", file), layer("wheels", file._replace(sha256="bb"))]
    with pytest.raises(ImageError, match=r"etc/x: in base and in wheels(?s:.*)`overrides`"):
        image.tree(Spec("amd64"), layers)
    assert image.tree(Spec("amd64", overrides=["etc/x"]), layers)[-1].sha256 == "bb"


def test_an_upper_layer_may_not_change_a_directory_by_accident() -> None:
    lower = layer("base", Entry("tmp", DIRECTORY, 0o1777))
    upper = layer("files", implied_directory("tmp")._replace(implied=False), Entry("tmp/x", FILE, 0o644))
    with pytest.raises(ImageError, match=r"tmp: directory 1777 0:0 in base, 0755 0:0 in files(?s:.*)declare it"):
        image.tree(Spec("amd64"), [lower, upper])


def test_number_of_layers() -> None:
    for layers in ([], LAYERS):
        with pytest.raises(ImageError, match=f"^{len(layers)} layers: .*`max_layers` = 1"):
            image.tree(Spec("amd64", max_layers=1), layers)


def arguments(directory: Path, spec: dict[str, object]) -> list[str]:
    (directory / "spec").write_text(json.dumps(spec))
    digests = {name: f"sha256:{64 * letter}" for name, letter in (("digest", "a"), ("diff_id", "b"))}
    (directory / "l.json").write_bytes(canonical.encode({**LAYERS[0].metadata._asdict(), **digests}))
    (directory / "l.mtree").write_text(mtree.dump([Entry("a", FILE, 0o644, sha256="ab" * 32)]))
    outputs = [
        word for name in ("config", "manifest", "mtree", "digest") for word in (f"--{name}", f"{directory}/{name}")
    ]
    return ["--spec", f"{directory}/spec", "--layer", "base", f"{directory}/l.json", f"{directory}/l.mtree", *outputs]


def test_program(tmp_path: Path) -> None:
    assert image.main(arguments(tmp_path, {"architecture": "amd64"})) == 0
    manifest = (tmp_path / "manifest").read_bytes()
    assert (tmp_path / "digest").read_text() == f"sha256:{hashlib.sha256(manifest).hexdigest()}\n"
    assert json.loads(manifest)["config"]["digest"] == canonical.digest((tmp_path / "config").read_bytes())
    assert [entry.path for entry in mtree.parse((tmp_path / "mtree").read_text())] == [".", "a"]


def test_program_leaves_nothing_on_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert image.main(arguments(tmp_path, {"architecture": "amd64", "workdir": "x"})) == 1
    assert capsys.readouterr().err == "image: config: `workdir`: 'x' is not absolute\n"
    assert {path.name for path in tmp_path.iterdir()} == {"spec", "l.json", "l.mtree"}


def test_program_writes_what_is_named_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = arguments(tmp_path, {"architecture": "amd64"})
    inputs, listing = given[: given.index("--config")], ["--mtree", f"{tmp_path}/mtree"]
    assert image.main([*inputs, *listing]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"spec", "l.json", "l.mtree", "mtree"}
    with pytest.raises(SystemExit):
        image.main(inputs)
    assert "nothing to write: name one of --config, " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"size": "1"}, "`size` is '1', not a whole number"),
        ({"diff_id": "sha256:x"}, "`diff_id` 'sha256:x' is not a digest"),
    ],
)
def test_metadata_of_another_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, str], reason: str
) -> None:
    given = arguments(tmp_path, {"architecture": "amd64"})
    metadata = tmp_path / "l.json"
    metadata.write_bytes(canonical.encode({**json.loads(metadata.read_bytes()), **change}))
    assert image.main(given) == 1
    assert f"base: its metadata {metadata}: {reason}" in capsys.readouterr().err
