"""``visionflow stats | health``: how a stage has answered, and whether it can."""

import argparse
from datetime import date, timedelta
from typing import Any

from infra.cli.command_line import add_api_command
from infra.cli.endpoints import api_client
from training.cli.options import Commands, answer, print_table
from training.texts.terminal import say
from visionflow.client.cloud import state
from visionflow.client.errors import ApiError, UnavailableError

_BARS = " ▁▂▃▄▅▆▇█"
_MOST_LABELS = 10
_BAR_CELLS = 30


def add_parsers(commands: Commands) -> None:
    stats = add_api_command(commands, "stats", _stats, "Show counts and accuracy of whole days.")
    for name, about in (
        ("from", "first day, in UTC, such as 2030-01-31 (default: 30 days ago)"),
        ("to", "last day, in UTC (default: today)"),
    ):
        stats.add_argument(f"--{name}", dest=f"{name}_", metavar="DAY", help=about)
    summary = "Show whether a stage can classify images."
    add_api_command(commands, "health", _health, summary)


def _stats(arguments: argparse.Namespace) -> int:
    query = {"from": arguments.from_, "to": arguments.to_}
    found = api_client(arguments).send("GET", "/stats", query)
    answer(arguments, found, lambda: _print(found))
    return 0


def _print(stats: dict[str, Any]) -> None:
    first, last, total = stats["first_day"], stats["last_day"], stats["total"]
    say(f"{total:,} images from {first} to {last} (days in UTC)")
    if not total:
        return
    counts = _days(stats)
    say(f"day by day  {_curve(counts)}  at most {max(counts):,}")
    say()
    by_status = {name: count for name, count in stats["by_status"].items() if count}
    print_table([("STATUS", "IMAGES", ""), *_rows(by_status, total)])
    if stats["by_status"].get("unknown"):
        say(f"unknown: {stats['unsure']:,} unsure, {stats['unfamiliar']:,} unfamiliar")
    say()
    labels = sorted(stats["by_label"].items(), key=lambda entry: (-entry[1], entry[0]))
    shown = dict(labels[:_MOST_LABELS])
    print_table([("LABEL", "IMAGES", ""), *_rows(shown, max(shown.values(), default=1))])
    if len(labels) > _MOST_LABELS:
        say(f"and {len(labels) - _MOST_LABELS:,} more labels; --json lists all")
    say()
    print_table([("VERSION", "IMAGES", "RIGHT BY FEEDBACK"), *_versions(stats)])
    # A stage that is older than this command counts no devices.
    origins = stats.get("by_origin", {"cloud": total})
    if origins["cloud"] < total:
        say()
        print_table([("MADE", "IMAGES", ""), *_rows(origins, total)])
    if stats.get("agreement"):
        say()
        print_table([("VERSION", "ON DEVICE AND IN CLOUD", "SAME LABEL"), *_agreements(stats)])


def _days(stats: dict[str, Any]) -> list[int]:
    """Images of each day, also of those that had none."""
    counted = {
        day["day"]: sum(day[name] for name in ("ok", "unknown", "failed"))
        for day in stats["by_day"]
    }
    first, last = (date.fromisoformat(stats[name]) for name in ("first_day", "last_day"))
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [counted.get(day.isoformat(), 0) for day in days]


def _versions(stats: dict[str, Any]) -> list[tuple[str, str, str]]:
    rows = []
    for model, count in stats["by_model"].items():
        share = stats["feedback"]["by_model"].get(model)
        right = "no feedback"
        if share and share["n"]:
            right = (
                f"{share['correct'] / share['n']:.1%} "
                f"({share['low']:.1%} to {share['high']:.1%}, n={share['n']})"
            )
        rows.append((model, f"{count:,}", right))
    return rows


def _agreements(stats: dict[str, Any]) -> list[tuple[str, str, str]]:
    rows = []
    for model, found in stats["agreement"].items():
        n, gap = found["compared"], found["confidence_gap"]
        same = f"{found['agreed'] / n:.1%} ({found['low']:.1%} to {found['high']:.1%}, n={n})"
        rows.append((model, f"{n:,}", same + ("" if gap is None else f", confidence ±{gap:.3f}")))
    return rows


def _rows(counts: dict[str, int], most: int) -> list[tuple[str, str, str]]:
    return [
        (name, f"{count:,}", "█" * max(round(_BAR_CELLS * count / most), int(count > 0)))
        for name, count in counts.items()
    ]


def _curve(counts: list[int]) -> str:
    """A cell a day, from nothing to the most; of a long time the sum of several days."""
    days = -(-len(counts) // 60)
    sums = [sum(counts[start : start + days]) for start in range(0, len(counts), days)]
    most = max(*sums, 1)
    return "".join(_BARS[-(-count * (len(_BARS) - 1) // most)] for count in sums)


def _health(arguments: argparse.Namespace) -> int:
    """With what `/status` says, where the caller may read it: `/health` tells strangers less."""
    api = api_client(arguments, needs_key=False)
    try:
        found = state(api, "/status")
    except UnavailableError:
        raise
    except ApiError:
        found = state(api, "/health")
    answer(arguments, found, lambda: _print_health(found))
    return 0 if found["status"] == "ok" else 1


def _print_health(found: dict[str, Any]) -> None:
    if found["status"] == "ok":
        model = found.get("model")
        by = f" by {model['name']} {model['version']}" if model else ""
        say(f"Images are classified{by}.")
        return
    reason = found.get("reason") or found.get("detail")
    say("Images cannot be classified" + (f": {reason}" if reason else "."))
