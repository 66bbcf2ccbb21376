"""Says how what was built differs from what was accepted, in words that name layer, part, package and kind of difference."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

from tools.verify.golden.document import Image, Index, Layer, Part


def index_differences(accepted: Index, built: Index) -> list[str]:
    """Return lines that say how two indexes differ; none if they do not."""
    lines = _changed("digest", accepted.digest, built.digest)
    lines += [f"manifest {line}" for line in _diff(accepted.manifests, built.manifests)]
    return lines


def image_differences(
    accepted: Image, built: Image, accepted_layers: Mapping[str, Layer], built_layers: Mapping[str, Layer]
) -> list[str]:
    """Return lines that say how two images differ; none if they do not.

    Args:
        accepted: the accepted image.
        built: the built image.
        accepted_layers: the accepted layers by name; one that was never accepted is missing.
        built_layers: by name, every layer of `built`.
    """
    lines = _changed("manifest", accepted.manifest, built.manifest) + _changed("config", accepted.config, built.config)
    if accepted.config != built.config:
        lines += [f"  configuration {line}" for line in _diff(accepted.fields, built.fields)]
    lines += [f"layers of the image: {line}" for line in _diff(accepted.layers, built.layers)]
    for name in built.layers:
        if name not in accepted_layers:
            lines.append(f"layer {name}: no file of accepted digests")
            continue
        differences = layer_differences(accepted_layers[name], built_layers[name])
        if differences:
            lines += [f"layer {name}:", *(f"  {line}" for line in differences)]
    return lines


def layer_differences(accepted: Layer, built: Layer) -> list[str]:
    """Return lines that say how two layers differ; none if they do not."""
    lines = _changed("digest", accepted.digest, built.digest) + _changed("diff_id", accepted.diff_id, built.diff_id)
    pairs = list(matched(accepted.parts, built.parts))
    changed = [(before, after) for before, after in pairs if before is None or after is None or not same(before, after)]
    same_content = accepted.diff_id == built.diff_id
    for before, after in changed:
        if before and after:
            lines.append(part_difference(before, after, same_content, alone=len(changed) == 1))
        elif before:
            lines.append(f"{before.origin}: no longer a part of this layer")
        elif after:
            lines.append(f"{after.origin}: a new part")
    if lines and not changed:
        if [part.origin for part in accepted.parts] != [part.origin for part in built.parts]:
            lines.append("the parts are the same, in another order")
        elif same_content:
            lines.append("parts and content are the same: what the layer itself compresses (compressor, or tools/oci)")
        elif lines:
            lines.append(
                "the parts are the same: the directories that the layer writes, or what joins the parts (tools/oci)"
            )
    return lines


def same(before: Part, after: Part) -> bool:
    """Return whether a part equals the accepted one bit by bit (its inputs may differ)."""
    return (before.deflate, before.listing) == (after.deflate, after.listing)


def part_difference(before: Part, after: Part, same_content: bool, alone: bool) -> str:
    """Describe the difference between two parts in one line.

    Args:
        before: the accepted part.
        after: the built part.
        same_content: whether the layer's uncompressed content (diff_id) is the accepted one.
        alone: whether this is the only changed part of the layer.
    """
    kinds = ", ".join(differing(before, after, same_content, alone))
    if before.origin != after.origin:
        return f"{before.origin} is now {after.origin}: another version"
    if before.input != after.input:
        return (
            f"{after.origin}: made of another input (accepted {before.input}…, built {after.input}…; of a locked file this "
            f"is the lock's sha256); differs: {kinds}"
        )
    return f"{after.origin}: its input is the same ({after.input}…); differs: {kinds}"


def differing(before: Part, after: Part, same_content: bool, alone: bool) -> Iterator[str]:
    """Yield the kinds of difference between two parts, in words."""
    if before.listing == after.listing:
        if same_content:
            yield "compressed bytes only (the compressor)"
        elif alone:
            yield "order of the entries (every file is the same)"
        else:
            yield "order of the entries, or the compressor (every file is the same)"
    elif before.names != after.names:
        yield "paths (added, removed, or of another type)"
    else:
        if before.contents != after.contents:
            yield "content of files or targets of links"
        if before.attributes != after.attributes:
            yield "modes, owners or times"
        if (before.contents, before.attributes) == (after.contents, after.attributes):
            yield "the form of the listing"


def matched(accepted: Sequence[Part], built: Sequence[Part]) -> Iterator[tuple[Part | None, Part | None]]:
    """Yield accepted and built parts in pairs: by origin, then by package, the others alone; in the order of `built`."""
    left = list(accepted)

    def take(like: Part, key: Callable[[Part], Hashable]) -> Part | None:
        for part in left:
            if key(part) == key(like):
                left.remove(part)
                return part
        return None

    exact = [take(part, lambda part: part.origin) for part in built]
    for part, before in zip(built, exact):
        yield before or take(part, lambda part: (part.origin.kind, part.origin.name)), part
    for part in left:
        yield part, None


def _changed(what: str, accepted: str, built: str) -> list[str]:
    return [] if accepted == built else [f"{what}: accepted {accepted}, built {built}"]


def _diff(accepted: Sequence[str], built: Sequence[str]) -> list[str]:
    words = {"- ": "accepted: ", "+ ": "built: "}
    lines = difflib.ndiff(accepted, built)
    return [words[line[:2]] + line[2:] for line in lines if line[:2] in words]
