"""The current clients read what we build, and give its digest back.

    python3 -m tests.interop.clients [--work DIRECTORY] [TARGET…]

Builds the targets (by default one Runtime image and a small index), docker-registry, and the client of .push, which pushes them.
Each client then reads every layout, or pushes it, or brings it into a store of its own, and reads the pushed image.

crane, oras, syft, cosign, umoci: the newest versions, built by the Go on PATH in DIRECTORY, which is kept for the next run
(by default a temporary one). skopeo, containerd: those on PATH. A client that can't be had is SKIPPED, and why. The exit
status is 0 only if all others give the built digest. It is not a Bazel test: it starts Bazel, and its programs are not locked.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.lib.program import Program
from tools.ship.skopeo import Skopeo
from tools.ship.tests import registry

REPOSITORY = Path(__file__).resolve().parents[2]
TARGETS = ("//runtime:10_py311_amd64", "//tools/oci/tests:index")
_LOCKED = ("//tools/ship:client", "//tools/ship:servers")

# Program -> the Go module that has it, and its package there.
_MODULES = {
    "crane": ("github.com/google/go-containerregistry", "cmd/crane"),
    "oras": ("oras.land/oras", "cmd/oras"),
    "syft": ("github.com/anchore/syft", "cmd/syft"),
    "cosign": ("github.com/sigstore/cosign/v3", "cmd/cosign"),
    "umoci": ("github.com/opencontainers/umoci", "cmd/umoci"),
}
# umoci writes every file of an image and syncs it: minutes for a Runtime, of which its manifest and config are read alone.
_UNPACKED = 10_000_000
_SECONDS = 900


class MissingError(Exception):
    """A client can't be had here; the message says why."""


class WrongError(Exception):
    """A client failed, or gives another digest."""


@dataclass(frozen=True)
class Subject:
    """A layout, and where it was pushed to.

    Attributes:
        layout: its directory.
        digest: of the image or index, as it was built.
        image: digest of the amd64 image; of an image its own.
        name: REGISTRY/REPOSITORY.
        scratch: an empty directory for whatever a client writes.
    """

    layout: Path
    digest: str
    image: str
    name: str
    scratch: Path

    @property
    def reference(self) -> str:
        """The pushed image, by its digest."""
        return f"{self.name}@{self.digest}"


def run(*command: object, **environment: str) -> str:
    """Run a client and return its standard output.

    Raises:
        WrongError: its exit status is not 0.
    """
    done = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        raise WrongError(
            f"{Path(str(command[0])).name} {command[1]} ended with {done.returncode}: {done.stderr[-2000:]}"
        )
    return done.stdout


def go_program(name: str, work: Path) -> Path:
    """Build the newest version of a Go program as its own main module, as its authors do.

    Raises:
        MissingError: there is no Go, or no module proxy that has it.
    """
    go = shutil.which("go")
    if not go:
        raise MissingError(f"{name}: go is not on PATH; install Go")
    module, package = _MODULES[name]
    environment = {"GOPATH": str(work / "go"), "GOFLAGS": "-modcacherw", "CGO_ENABLED": "0"}
    try:
        found = json.loads(run(go, "mod", "download", "-json", f"{module}@latest", **environment))
        target = work / f"{name}-{found['Version']}"
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=work) as directory:
                source = shutil.copytree(found["Dir"], Path(directory, "source"))
                built = Path(directory, name)
                run(go, "build", "-C", source, "-o", built, f"./{package}", **environment)
                built.replace(target)
    except (WrongError, subprocess.TimeoutExpired) as error:
        raise MissingError(f"{name}: can't be built of {module}: {error}") from None
    return target


def on_path(name: str) -> Path:
    """Return a program of this machine.

    Raises:
        MissingError: it has none.
    """
    found = shutil.which(name)
    if not found:
        raise MissingError(f"{name}: not on PATH; install it")
    return Path(found)


def version(program: Path) -> str:
    """Return a program's version."""
    return run(program, "--version").strip()


def expect(found: str, wanted: str) -> None:
    """Raise WrongError unless the digests are the same."""
    if found.strip() != wanted:
        raise WrongError(f"gives {found.strip() or 'nothing'}, {wanted} was built")


def crane(program: Path, subject: Subject) -> None:
    """Push the layout, read back the digest, and validate every blob in the registry."""
    run(program, "push", "--insecure", subject.layout, f"{subject.name}:crane")
    expect(run(program, "digest", "--insecure", f"{subject.name}:crane"), subject.digest)
    run(program, "validate", "--insecure", "--remote", f"{subject.name}:crane")


def oras(program: Path, subject: Subject) -> None:
    """Copy the layout to the registry, and from there into another layout."""
    run(
        program,
        "copy",
        "--from-oci-layout",
        f"{subject.layout}@{subject.digest}",
        "--to-plain-http",
        f"{subject.name}:oras",
    )
    expect(run(program, "resolve", "--plain-http", f"{subject.name}:oras"), subject.digest)
    copy = f"{subject.scratch / 'oras'}:copy"
    run(program, "copy", "--from-plain-http", subject.reference, "--to-oci-layout", copy)
    expect(run(program, "resolve", "--oci-layout", copy), subject.digest)


def syft(program: Path, subject: Subject) -> None:
    """Scan the layout and the pushed image; of an index, syft takes the image of a platform."""
    for source in (f"oci-dir:{subject.layout}", f"registry:{subject.reference}"):
        options = ("--quiet", "--output", "json", "--platform", "linux/amd64", source)
        found = json.loads(run(program, "scan", *options, SYFT_REGISTRY_INSECURE_USE_HTTP="true"))
        expect(found["source"]["metadata"]["manifestDigest"], subject.image)


def cosign(program: Path, subject: Subject) -> None:
    """Sign the pushed image by a key of its own, and verify that."""
    key = subject.scratch / "signing"
    run(program, "generate-key-pair", "--output-key-prefix", key, COSIGN_PASSWORD="")
    offline = ("--tlog-upload=false", "--use-signing-config=false", "--allow-http-registry")
    run(program, "sign", "--yes", "--key", f"{key}.key", *offline, subject.reference, COSIGN_PASSWORD="")
    options = ("--key", f"{key}.pub", "--insecure-ignore-tlog", "--allow-http-registry")
    (signed,) = json.loads(run(program, "verify", *options, subject.reference))
    expect(signed["critical"]["image"]["docker-manifest-digest"], subject.digest)


def skopeo(program: Path, subject: Subject) -> None:
    """Copy the layout to the registry, and read back its bytes."""
    target = f"docker://{subject.name}:skopeo"
    insecure = "--insecure-policy"
    run(program, insecure, "copy", "--all", "--quiet", "--dest-tls-verify=false", f"oci:{subject.layout}", target)
    raw = run(program, insecure, "inspect", "--raw", "--tls-verify=false", target)
    expect("sha256:" + hashlib.sha256(raw.encode()).hexdigest(), subject.digest)


def umoci(program: Path, subject: Subject) -> None:
    """Read the image in a copy of the layout that names it, which umoci wants, and unpack it if it is small."""
    layout = Path(shutil.copytree(subject.layout, subject.scratch / "umoci"))
    for path in (layout, *layout.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    root = layout / "index.json"
    document = json.loads(root.read_bytes())
    document["manifests"] = [
        {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": subject.image,
            "size": (layout / "blobs" / subject.image.replace(":", "/")).stat().st_size,
            "annotations": {"org.opencontainers.image.ref.name": "image"},
        }
    ]
    root.write_text(json.dumps(document))
    status = json.loads(run(program, "stat", "--json", "--image", f"{layout}:image"))
    manifest = json.loads((layout / "blobs" / subject.image.replace(":", "/")).read_bytes())
    layers = [entry["layer"]["digest"] for entry in status["history"] if entry.get("layer")]
    expect(" ".join(layers), " ".join(layer["digest"] for layer in manifest["layers"]))
    if sum(layer["size"] for layer in manifest["layers"]) < _UNPACKED:
        run(program, "unpack", "--rootless", "--image", f"{layout}:image", subject.scratch / "bundle")


def containerd(program: Path, subject: Subject) -> None:
    """Import the layout as an archive, and fetch the pushed image; the digest is part of the name that each has then."""
    if os.geteuid():
        raise MissingError("containerd: needs root")
    address = subject.scratch / "containerd.sock"
    places = ("--root", subject.scratch / "root", "--state", subject.scratch / "state", "--address", address)
    with open(subject.scratch / "containerd.log", "wb") as log:
        server = subprocess.Popen([program, *places], stdout=log, stderr=log)
    try:
        end = time.monotonic() + 60
        while not address.exists():
            if server.poll() is not None or time.monotonic() > end:
                raise WrongError((subject.scratch / "containerd.log").read_text()[-2000:])
            time.sleep(0.1)
        ctr = (on_path("ctr"), "--address", address)
        archive = subject.scratch / "layout.tar"
        run("tar", "--directory", subject.layout, "--create", "--file", archive, ".")
        run(*ctr, "images", "import", "--no-unpack", "--all-platforms", "--digests", "--base-name", "imported", archive)
        # Not `images pull`, which unpacks every layer.
        run(*ctr, "content", "fetch", "--plain-http", "--all-platforms", subject.reference)
        names = set(run(*ctr, "images", "list", "--quiet").split())
        if not {f"imported@{subject.digest}", subject.reference} <= names:
            raise WrongError(f"has {', '.join(sorted(names))}, not {subject.digest}")
    finally:
        server.terminate()
        server.wait(60)


CLIENTS: dict[str, Callable[[Path, Subject], None]] = {
    "crane": crane,
    "oras": oras,
    "syft": syft,
    "cosign": cosign,
    "skopeo": skopeo,
    "umoci": umoci,
    "containerd": containerd,
}


def of_layout(layout: Path) -> tuple[str, str]:
    """Return the digest of a layout's image or index, and that of the amd64 image in it.

    Raises:
        WrongError: a blob is not a regular file, or not what its name says.
    """
    blobs = layout / "blobs/sha256"
    for path in blobs.iterdir():
        if path.is_symlink() or not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != path.name:
            raise WrongError(f"{path} is not a regular file with this digest")
    (entry,) = json.loads((layout / "index.json").read_bytes())["manifests"]
    digest = image = entry["digest"]
    document = json.loads((blobs / digest.partition(":")[2]).read_bytes())
    if "manifests" in document:
        (image,) = [one["digest"] for one in document["manifests"] if one["platform"]["architecture"] == "amd64"]
    return digest, image


def build(targets: Sequence[str]) -> Path:
    """Build targets, and return the directory of their outputs.

    Raises:
        WrongError: the build fails.
    """
    bazel = REPOSITORY / "tools/bazel"
    if subprocess.run([bazel, "build", "--", *targets], cwd=REPOSITORY, check=False).returncode:
        raise WrongError("the targets can't be built")
    return Path(run(bazel, "info", "bazel-bin").strip())


@contextlib.contextmanager
def directory(place: Path | None) -> Iterator[Path]:
    """Yield the directory, or a temporary one."""
    if place:
        place.mkdir(parents=True, exist_ok=True)
        yield place.resolve()
    else:
        with tempfile.TemporaryDirectory(prefix="interop-") as temporary:
            yield Path(temporary)


def judge(client: str, program: Path, subject: Subject) -> bool:
    """Let a client work on a layout; print and return whether it was right."""
    with tempfile.TemporaryDirectory(dir=subject.scratch) as scratch:
        own = Subject(subject.layout, subject.digest, subject.image, subject.name, Path(scratch))
        began = time.monotonic()
        try:
            CLIENTS[client](program, own)
        except MissingError as reason:
            print(f"SKIPPED: {reason}", flush=True)
            return True
        except (WrongError, KeyError, ValueError, subprocess.TimeoutExpired) as error:
            print(f"interop: {client}: {subject.layout.name}: {error}", file=sys.stderr, flush=True)
            return False
    print(f"{client}: {subject.layout.name}: {subject.digest}, {time.monotonic() - began:.1f} s", flush=True)
    return True


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("interop", __doc__)
    program.add_argument(
        "targets", nargs="*", default=TARGETS, metavar="TARGET", help="images to read with every client"
    )
    program.add_argument("--work", type=Path, help="where Go's programs are built and kept")
    options = program.parse_args(argv)
    right = True
    with directory(options.work) as work, contextlib.ExitStack() as stack:
        try:
            outputs = build([*options.targets, *_LOCKED])
            os.chdir(outputs)  # where the registry's files are
            layouts = [outputs / target.removeprefix("//").replace(":", "/") for target in options.targets]
            digests = [of_layout(layout) for layout in layouts]
        except WrongError as error:
            return program.fail(error)
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=work)))
        server = stack.enter_context(registry.running(scratch / "registry"))
        subjects = []
        for number, (layout, (digest, image)) in enumerate(zip(layouts, digests)):
            subject = Subject(layout, digest, image, f"{server.address}/interop/{number}", scratch)
            Skopeo(Path("tools/ship/client"), tls_verify=False).copy_all(str(layout), f"{subject.name}:pushed")
            subjects.append(subject)
        for client in CLIENTS:
            try:
                file = go_program(client, work) if client in _MODULES else on_path(client)
            except MissingError as reason:
                print(f"SKIPPED: {reason}", flush=True)
                continue
            print(f"{client}: {file.name if client in _MODULES else version(file)}", flush=True)
            for subject in subjects:
                right &= judge(client, file, subject)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
