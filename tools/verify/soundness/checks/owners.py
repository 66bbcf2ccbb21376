"""Every path has one owner, and the directories of a merged /usr stay what they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tools.oci.origin import Origin
from tools.verify.soundness.checks.dpkg import BY_DPKG
from tools.verify.soundness.distributions import Distribution
from tools.verify.soundness.dpkg_records import Dpkg
from tools.verify.soundness.findings import Finding
from tools.verify.soundness.merge import Image
from tools.verify.structure_test.layer_stream import DIRECTORY, SYMLINK

KINDS = ("two-owners", "usr-merge", "layer-digest")

_MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


def check(image: Image, distributions: list[Distribution], dpkg: Dpkg) -> Iterator[Finding]:
    """Layers, dpkg's lists and RECORDs against each other."""
    yield from layer_digests(image)
    owners: dict[str, list[str]] = {}
    for distribution in distributions:
        for path in {row.path for row in distribution.record}:
            owners.setdefault(path, []).append(f"distribution {distribution.name}")
    for package in dpkg.packages:
        for path in package.paths:
            node = image.tree.nodes.get(path)
            if node is not None and node.type != DIRECTORY and dpkg.diverted_to(path, package.name) == path:
                owners.setdefault(path, []).append(f"Debian package {package.name}")
    for path, names in owners.items():
        if len(names) > 1:
            yield Finding(
                "two-owners",
                path,
                " ".join(sorted(name.rpartition(" ")[2] for name in names)),
                f"belongs to {' and to '.join(sorted(names))}",
                "Leave it out of one of them (runtime/shared_files.bzl).",
            )
    for path, number, node in image.tree.shadowed:
        upper = image.tree.nodes.get(path)
        if node.type == DIRECTORY or _is_meant(image.layers[number].origins, node.origin):
            continue
        does = f"replaced by {upper.origin or 'it'}" if upper else "removed"
        yield Finding(
            "two-owners",
            path,
            str(node.origin or ""),
            f"of {node.origin or 'no part'} in layer {node.layer} is {does} in layer {number}",
            "Leave it out of the lower layer.",
            node.origin,
        )
    yield from _usr_merge(image)


def _is_meant(above: Sequence[Origin], below: Origin | None) -> bool:
    """Whether a layer of a team's project replaces a file because it has to.

    That is so for what dpkg changes itself, and for a distribution of which the layer has another version (tools/project).
    """
    return any(
        origin.kind == BY_DPKG
        or (origin.kind == "replaced" and below is not None and (below.kind, below.name) == ("wheel", origin.name))
        for origin in above
    )


def layer_digests(image: Image) -> Iterator[Finding]:
    """Check that the config names the layers that were read."""
    expected = image.config.get("rootfs", {}).get("diff_ids", [])
    found = [layer.diff_id for layer in image.layers]
    for number, (wanted, actual) in enumerate(zip(expected, found)):
        if wanted != actual:
            name = image.layers[number].name
            yield Finding(
                "layer-digest",
                "",
                name,
                f"layer {number}, {name}, has the digest {actual}, the config names {wanted}",
                "The image and its layers are not of one build.",
            )
    if len(expected) != len(found):
        message = f"{len(found)} layers, the config names {len(expected)}"
        yield Finding("layer-digest", "", "", message, "The image and its layers are not of one build.")


def _usr_merge(image: Image) -> Iterator[Finding]:
    """Check /bin and the like: either all are links into /usr or all are directories.

    As directories, no name may lead to different files in both places: which one counts would depend on PATH, and the
    system could never be merged.
    """
    nodes = image.tree.nodes
    present = [name for name in _MERGED if name in nodes]
    links = [name for name in present if nodes[name].type == SYMLINK]
    for name in links:
        if nodes[name].target.strip("/") != f"usr/{name}":
            message = f"leads to {nodes[name].target} instead of usr/{name}"
            yield Finding("usr-merge", name, "", message, "Make it the link that Debian's usrmerge makes.")
    if links and len(links) != len(present):
        for name in sorted(set(present) - set(links)):
            yield Finding(
                "usr-merge",
                name,
                "",
                f"is a directory, but {', '.join(links)} are links into /usr: a layer has put a directory over the link",
                "Name the files in that layer by their places in /usr.",
            )
    for path, number, node in image.tree.shadowed:
        if path in _MERGED and node.type == SYMLINK:
            message = f"was a link to {node.target} until layer {number} replaced it"
            yield Finding("usr-merge", path, "", message, "Name the files in that layer by their places in /usr.")
    for name in present:
        if name in links:
            continue
        for path, node in image.tree.below(name):
            other = nodes.get("usr/" + path)
            if other is None or DIRECTORY in (node.type, other.type):
                continue
            if image.tree.resolve(path) != image.tree.resolve("usr/" + path) and node.sha256 != other.sha256:
                message = f"and /usr/{path} are different files"
                yield Finding("usr-merge", path, "", message, "Keep the one that Debian has.")
