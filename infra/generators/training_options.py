"""Makes the options of a training job: all committed configs with their fields.

It is ``options.json`` of `visionflow.jobs.options`, which the API shows and requests are checked
against, because the functions never see the training package.
"""

import ast
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from training import config as experiments
from training.config import CONFIGS, ModelName, Recipe, committed_configs, load_config
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
