"""Writes what a training job can be asked for: the configs with their fields and their texts.

``python -m infra.generators.training_options`` rewrites ``options.json`` of
`visionflow.jobs.options`, which the API shows and requests are checked against; with ``--check``
it exits with 1 when the committed file is out of date. The functions never see the training
package.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from training.config import ModelName, Recipe, committed_configs, load_config
from training.texts.catalogue import text
from visionflow.jobs.options import OPTIONS_FILE
from visionflow.strict import to_dict

_LEFT_OUT = ("tune.", "mlflow")


def document() -> dict[str, Any]:
    """Every committed config with its fields, their values and what they mean."""
    return {
        "models": list(get_args(ModelName)),
        "recipes": list(get_args(Recipe)),
        "configs": [_config(name) for name in committed_configs()],
    }


def file_text() -> str:
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def _config(name: str) -> dict[str, Any]:
    config = load_config(name)
    return {
        "name": name,
        "recipe": config.recipe,
        "model": config.model.name,
        "summary": to_dict(text(f"config.summary.{name}")),
        "parameters": dict(_fields(config, to_dict(config))),
    }


def _fields(
    part: Any, values: Mapping[str, Any], path: str = ""
) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, value in values.items():
        field = f"{path}{name}"
        if field.startswith(_LEFT_OUT):
            continue
        if isinstance(value, Mapping):
            yield from _fields(getattr(part, name), value, f"{field}.")
        else:
            about = text(f"config.{type(part).__name__}.{name}")
            yield field, {"default": value, "about": to_dict(about)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when the file is out of date")
    arguments = parser.parse_args()
    if not arguments.check:
        OPTIONS_FILE.write_text(file_text(), encoding="utf-8")
    elif OPTIONS_FILE.read_text(encoding="utf-8") != file_text():
        print(
            f"{OPTIONS_FILE.name} is out of date: run python -m infra.generators.training_options",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
