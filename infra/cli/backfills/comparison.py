"""What a comparison says, in short."""

from typing import Any

_LABELS, _CELLS = 5, 5


def lines(found: dict[str, Any]) -> list[str]:
    """Agreement, what is unknown, the most changed labels and the largest confusion."""
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
    examples = len(found["examples"])
    if examples:
        said.append(f"{examples} examples in {len(found['clusters'])} clusters: see --json")
    return said


def _name(label: str | None) -> str:
    return "unknown" if label is None else label
