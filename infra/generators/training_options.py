"""Writes what a training job can be asked for, from the configs and the comments of their fields.

``python -m infra.generators.training_options`` rewrites ``options.json`` of
`visionflow.jobs.options`, which the API shows and requests are checked against; with ``--check``
it exits with 1 when the committed file is out of date. The functions never see the training
package.
"""

import argparse
import ast
import inspect
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from training import config as experiments
from training.config import CONFIGS, ModelName, Recipe, committed_configs, load_config
from visionflow.jobs.options import OPTIONS_FILE
from visionflow.strict import to_dict

_LEFT_OUT = ("tune.", "mlflow")


def document() -> dict[str, Any]:
    """Every committed config with its fields, their values and what they mean."""
    sentences = _sentences()
    return {
        "models": list(get_args(ModelName)),
        "recipes": list(get_args(Recipe)),
        "configs": [_config(name, sentences) for name in committed_configs()],
    }


def text() -> str:
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def _config(name: str, sentences: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    config = load_config(name)
    fields = dict(_fields(config, to_dict(config), sentences))
    return {
        "name": name,
        "recipe": config.recipe,
        "model": config.model.name,
        "summary": _summary(CONFIGS / f"{name}.toml"),
        "parameters": fields,
    }


def _summary(file: Path) -> str:
    """The comment that the file begins with."""
    lines = []
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# "))
    return " ".join(lines)


def _fields(
    part: Any, values: Mapping[str, Any], sentences: Mapping[tuple[str, str], str], path: str = ""
) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, value in values.items():
        field = f"{path}{name}"
        if field.startswith(_LEFT_OUT):
            continue
        if isinstance(value, Mapping):
            yield from _fields(getattr(part, name), value, sentences, f"{field}.")
            continue
        about = sentences.get((type(part).__name__, name)) or name.replace("_", " ").capitalize()
        yield field, {"default": value, "about": about}


def _sentences() -> dict[tuple[str, str], str]:
    """(class, field) -> the string that follows the field in the source."""
    found = {}
    for node in ast.parse(inspect.getsource(experiments)).body:
        if not isinstance(node, ast.ClassDef):
            continue
        for field, after in zip(node.body, node.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(after, ast.Expr)
                and isinstance(after.value, ast.Constant)
            ):
                sentence = re.sub(r"\s+", " ", str(after.value.value)).strip()
                found[node.name, field.target.id] = sentence
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when the file is out of date")
    arguments = parser.parse_args()
    if not arguments.check:
        OPTIONS_FILE.write_text(text(), encoding="utf-8")
    elif OPTIONS_FILE.read_text(encoding="utf-8") != text():
        print(
            f"{OPTIONS_FILE.name} is out of date: run python -m infra.generators.training_options",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
