"""``make bench``: runs benchmarks, writes ``results/NAME.json`` and renders the README.

python -m tests.benchmarks [NAME ...]      # all of them, or those that are named
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

os.environ |= {"VISIONFLOW_SERVICE_NAME": "visionflow", "AWS_DEFAULT_REGION": "eu-central-1"}

from tests.benchmarks import (
    alias_moves,
    backfill,
    chaos,
    cold_start,
    colours,
    command_line,
    costs,
    edge,
    events,
    familiarity,
    fuzz,
    input_pipeline,
    large_photos,
    latency,
    memory,
    on_device,
    package_size,
    page_speed,
    readme,
    reduced_decode,
    scale,
    serving,
    throughput,
    training_speed,
    wrong_labels,
)
from tests.benchmarks.figures import FOLDER, Figure, ResultFile, Run

BENCHMARKS: dict[str, Callable[[], tuple[Figure, ...]]] = {
    "package_size": package_size.report,
    "cold_start": cold_start.report,
    "latency": latency.report,
    "familiarity": familiarity.report,
    "serving": serving.report,
    "memory": memory.report,
    "throughput": throughput.report,
    "chaos": chaos.report,
    "backfill": backfill.report,
    "costs": costs.report,
    "input_pipeline": input_pipeline.report,
    "training_speed": training_speed.report,
    "reduced_decode": reduced_decode.report,
    "large_photos": large_photos.report,
    "colours": colours.report,
    "command_line": command_line.report,
    "fuzz": fuzz.report,
    "page_speed": page_speed.report,
    "on_device": on_device.report,
    "scale": scale.report,
    "alias_moves": alias_moves.report,
    "edge": edge.report,
    "events": events.report,
    "wrong_labels": wrong_labels.report,
}


def _print(title: str, figures: Sequence[Figure]) -> None:
    rows = [
        ("what", "figure", "target", "n"),
        *((one.what, readme.values(one), readme.target(one) or "", one.n or "") for one in figures),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    print(f"\n{title}")
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  " + "  ".join(cells).rstrip())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}")
    for name in names:
        load, _, _ = os.getloadavg()
        figures = BENCHMARKS[name]()
        run = Run.now(f"python -m tests.benchmarks {name}", figures, load)
        ResultFile((run,)).write(FOLDER / f"{name}.json")
        readme.main([])
        _print(name, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
