"""Cut a real run's report down to what the dashboard's tests need.

``python dashboard/scripts/report_sample.py runs/NAME`` writes ``dashboard/tests/data/report.json``:
all numbers as training wrote them, with a few of its images, and without the paths of the machine
that trained.
"""

import json
import sys
from pathlib import Path

TARGET = Path(__file__).parents[1] / "tests" / "data" / "report.json"
IMAGES = 2


def main(run: Path) -> None:
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    report["config"]["model"]["weights"] = "imagenet"
    findings = report["findings"]
    findings["activations"] = None
    findings["right"] = findings["right"][:IMAGES]
    report["labels"]["suspects"] = report["labels"]["suspects"][:IMAGES]
    TARGET.parent.mkdir(exist_ok=True)
    text = json.dumps(report, ensure_ascii=False, separators=(",", ":"))
    TARGET.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
