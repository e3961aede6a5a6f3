"""A backfill as text: what it takes, one row of a list, or all that is known."""

from typing import Any

HEADER = ("BACKFILL", "STATE", "SOURCE", "INTO", "IMAGES", "DONE", "FAILED", "COST")


def estimate_line(estimate: dict[str, Any]) -> str:
    """What a backfill takes, as said beforehand."""
    least = "" if estimate["exact"] else "at least "
    return (
        f"{least}{estimate['images']:,} images ({estimate['bytes'] / 1e6:,.1f} MB), about "
        f"{dollars(estimate['usd'])} and {duration(estimate['seconds'])}."
    )


def row(found: dict[str, Any]) -> tuple[str, ...]:
    """Cells under `HEADER`."""
    progress = found["progress"]
    return (
        found["id"],
        found["state"],
        found["source"],
        found["into"],
        f"{progress['listed']:,}" + ("" if progress["listed_all"] else "+"),
        f"{progress['listed'] - progress['left']:,}",
        f"{progress['failed']:,}",
        dollars(progress["spent_usd"]),
    )


def bar_note(progress: dict[str, Any]) -> str:
    """What stands behind the counts of a bar."""
    parts = [dollars(progress["spent_usd"])]
    if progress["images_per_second"] is not None:
        parts.insert(0, f"{progress['images_per_second']:.0f}/s")
    if progress["failed"]:
        parts.append(f"{progress['failed']:,} failed")
    return ", ".join(parts)


def details(found: dict[str, Any]) -> list[str]:
    progress, estimate = found["progress"], found["estimate"]
    why = f": {found['reason']['message']}" if found["reason"] else ""
    lines = [
        f"{found['id']}  {found['state']}{why}",
        f"{found['source']} by {' and '.join(found['models'])} into {found['into']}",
        f"{progress['listed']:,} images"
        + ("" if progress["listed_all"] else " so far")
        + f": {progress['ok']:,} ok, {progress['unknown']:,} unknown, {progress['failed']:,} "
        f"failed, {progress['skipped']:,} had a record, {progress['left']:,} left; "
        f"{progress['not_images']:,} other objects",
        f"{progress['chunks_done']:,} of {progress['chunks']:,} chunks",
    ]
    if progress["failed_codes"]:
        codes = sorted(progress["failed_codes"].items(), key=lambda one: -one[1])
        lines.append("failed: " + ", ".join(f"{code} {count:,}" for code, count in codes))
    lines.append(f"estimated: {dollars(estimate['usd'])}, {duration(estimate['seconds'])}")
    so_far = "" if found["state"] == "done" else " so far"
    actual = f"actual{so_far}: {dollars(progress['spent_usd'])}, "
    actual += duration(progress["active_seconds"])
    if progress["images_per_second"] is not None:
        actual += f", {progress['images_per_second']:.1f} images a second"
    lines.append(actual)
    if progress["expected_end"] is not None:
        lines.append(
            f"expected: {dollars(progress['expected_usd'])} at {progress['expected_end'][:19]}Z"
        )
    if found["results"] is not None:
        lines += [f"results: {found['results']['location']}", found["results"]["query"]]
    return lines


def dollars(usd: float) -> str:
    return f"{usd:.2f} $" if usd >= 1 else f"{usd:.4f} $"


def duration(seconds: float) -> str:
    """In the unit that people would say it in."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} hours"
