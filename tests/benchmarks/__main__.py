"""``make bench``: prints tables and writes them to ``.visionflow/bench.json``.

python -m tests.benchmarks [NAME ...]      # all of them, or those that are named
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path

# Powertools reads them when it is imported.
os.environ |= {
    "POWERTOOLS_SERVICE_NAME": "visionflow",
    "POWERTOOLS_METRICS_NAMESPACE": "VisionFlow",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "AWS_DEFAULT_REGION": "eu-central-1",
}

from infra.packaging.workspace import PROJECT
from tests.benchmarks import (
    alias_moves,
    chaos,
    cold_start,
    costs,
    fuzz,
    input_pipeline,
    latency,
    memory,
    package_size,
    reduced_decode,
    serving,
    targets,
    throughput,
)

BENCHMARKS: dict[str, Callable[[], object]] = {
    "package_size": package_size.report,
    "cold_start": cold_start.report,
    "latency": latency.report,
    "serving": serving.report,
    "memory": memory.report,
    "throughput": throughput.report,
    "chaos": chaos.report,
    "costs": lambda: costs.report(hardware()),
    "input_pipeline": input_pipeline.report,
    "reduced_decode": reduced_decode.report,
    "fuzz": fuzz.report,
    "alias_moves": alias_moves.report,
}


def hardware() -> str:
    """Processor, cores and Python, as a figure has to name them."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        model = next((x.split(":")[1].strip() for x in lines if "model name" in x), model)
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}")
    results: dict[str, object] = {"hardware": hardware()}
    print(results["hardware"])
    for name in names:
        results[name] = BENCHMARKS[name]()
    results["targets"] = targets.report(results)
    target = PROJECT / ".visionflow" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(f"\nWritten to {target.relative_to(PROJECT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
