"""What a comparison says, in short."""

from typing import Any

_LABELS, _CELLS, _SLICES = 5, 5, 5


def lines(found: dict[str, Any]) -> list[str]:
    """Agreement, what is unknown, the most changed labels, the largest confusion, and the groups of
    images that agree less than all."""
    new, old, failed = found["new"], found["old"], found["failed"]
    said = [f"{new} against {old}: {found['images']:,} images answered by both"]
    if any(failed.values()):
        said.append(
            f"failed: {failed['both']:,} for both, {failed['new']:,} for {new} alone, "
            f"{failed['old']:,} for {old} alone"
        )
    agreement = found["agreement"]
    if agreement["share"] is None:
        return said
    said.append(
        f"agreement: {agreement['share']:.1%} (95 % interval {agreement['low']:.1%} to "
        f"{agreement['high']:.1%})"
    )
    confidence, unknown = found["confidence"], found["unknown"]
    said.append(f"mean confidence: {confidence['new_mean']:.3f}, was {confidence['old_mean']:.3f}")
    said.append(
        f"unknown: {unknown['both']:,} for both, {unknown['new']:,} for {new} alone, "
        f"{unknown['old']:,} for {old} alone"
    )
    changed = [one for one in found["labels"] if one["new"] + one["old"] > 2 * one["both"]]
    if changed:
        said.append("most changed labels:")
    said += [
        f"  {one['label']}: {one['old']:,} -> {one['new']:,} images, {one['both']:,} of them the "
        "same"
        for one in changed[:_LABELS]
    ]
    if found["confusion"]:
        said.append("most confused:")
    said += [
        f"  {_name(cell['old'])} -> {_name(cell['new'])}: {cell['images']:,} images"
        for cell in found["confusion"][:_CELLS]
    ]
    # Less for certain: the whole interval is below what all agree.
    less = [one for one in found["slices"] if one["agreement"]["high"] < agreement["share"]]
    if less:
        said.append("agree less:")
    said += [
        f"  {_group(one)}: {one['agreement']['share']:.1%} of {one['images']:,} images"
        for one in sorted(less, key=lambda one: one["agreement"]["high"])[:_SLICES]
    ]
    examples, clusters = len(found["examples"]), len(found["clusters"])
    if examples:
        said.append(
            f"examples: {examples}, in groups of images that look alike: {clusters}; see the "
            "dashboard, or --json"
        )
    return said


def _group(one: dict[str, Any]) -> str:
    """As people say it; the confidence is the old version's."""
    match one["by"]:
        case "folder":
            return f"folder {one['value']}" if one["value"] else "the source itself"
        case "size":
            return f"{one['value']} megapixels"
        case _:
            return f"confidence {one['value']}"


def _name(label: str | None) -> str:
    return "unknown" if label is None else label
