"""What is wrong with a command is said before what it would train with is imported."""

import json
import subprocess
import sys
from pathlib import Path

from training.results.report import Report

DRAWS = "matplotlib"
HEAVY = ("torch", "torchvision", "timm", "optuna", "mlflow", DRAWS)
_COMMANDS = """
import json
import sys

from infra.cli.main import main

for command in json.loads(sys.argv[1]):
    try:
        code = main(command)
    except SystemExit as error:
        code = error.code
    heavy = [name for name in json.loads(sys.argv[2]) if name in sys.modules]
    print("RESULT", json.dumps([code, heavy]))
"""


def test_nothing_heavy_is_imported(report: Report, tmp_path: Path) -> None:
    folder = tmp_path
    for name in ("one", "two"):
        (folder / name).mkdir()
        (folder / name / "report.json").write_text(report.to_json(), encoding="utf-8")
    (folder / "data").mkdir()
    one, two, data, out = (str(folder / name) for name in ("one", "two", "data", "out"))
    training = ["--config", "flowers", "--out", out]
    commands = {
        "help": ["--help"],
        "help of train": ["train", "--help"],
        "no such option": ["train", "--epochs", "3"],
        "no such field": ["train", *training, "--data", data, "--set", "scratch.epoch=3"],
        "no such field to search": ["tune", *training, "--data", data, "--set", "scratch.epoch=3"],
        "no such folder": ["train", *training, "--data", f"{data}s"],
        "no such folder to search": ["tune", *training, "--data", f"{data}s"],
        "no such run": ["ensemble", one, f"{two}s", "--data", data, "--out", out],
        "no such run to export": ["export", f"{one}s"],
        "no such run to compare": ["compare", one, f"{two}s", "--out", out],
        "no such model to adopt": [
            "adopt",
            "model.onx",
            "--labels",
            one,
            "--data",
            data,
            "--out",
            out,
        ],
        "config": ["config", "show", "flowers"],
        # Last: what draws stays imported.
        "compare": ["compare", one, two, "--out", out],
        "plots": ["plots", one, "--out", out],
    }
    program = [sys.executable, "-c", _COMMANDS, json.dumps([*commands.values()]), json.dumps(HEAVY)]
    ended = subprocess.run(program, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    results = [
        json.loads(line.removeprefix("RESULT"))
        for line in ended.stdout.splitlines()
        if line.startswith("RESULT")
    ]
    answers = dict(zip(commands, results, strict=True))
    assert {name: heavy for name, (_, heavy) in answers.items() if heavy} == {
        "compare": [DRAWS],
        "plots": [DRAWS],
    }
    succeed = {"help", "help of train", "config", "compare", "plots"}
    assert {name for name, (code, _) in answers.items() if not code} == succeed
