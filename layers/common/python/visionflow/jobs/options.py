"""What a training job can be asked to do, as `infra.generators` reads it from `training`."""

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from visionflow.errors import JobRefusedError
from visionflow.jobs.record import JobRequest
from visionflow.models.ref import PLAIN_NAME, PLAIN_NAME_RULE

OPTIONS_FILE = Path(__file__).with_name("options.json")


@lru_cache
def training_options() -> dict[str, Any]:
    """``models``, ``further_models`` (a regular expression), ``recipes`` and ``configs``, each
    config with its parameters."""
    options: dict[str, Any] = json.loads(OPTIONS_FILE.read_text(encoding="utf-8"))
    return options


def check_settings(request: JobRequest) -> None:
    """Raise `JobRefusedError` for a config, model, recipe or field that does not exist, and for a
    value of another kind than the config's own; ranges are for the training to judge."""
    options = training_options()
    configs = {config["name"]: config for config in options["configs"]}
    if request.config not in configs:
        raise JobRefusedError(f"config must be one of {', '.join(configs)}.")
    model, models, recipes = request.model, options["models"], options["recipes"]
    if not (model is None or model in models or re.fullmatch(options["further_models"], model)):
        raise JobRefusedError(
            f"model must be one of {', '.join(models)}, timm:NAME, or several joined by +."
        )
    if request.recipe is not None and request.recipe not in recipes:
        raise JobRefusedError(f"recipe must be one of {', '.join(recipes)}.")
    parameters = configs[request.config]["parameters"]
    for field, value in (request.set or {}).items():
        if field not in parameters:
            raise JobRefusedError(f"set: the config {request.config} has no field {field!r:.60}.")
        if not _alike(value, parameters[field]["default"]):
            default = json.dumps(parameters[field]["default"])
            raise JobRefusedError(f"set: {field} is like {default}, not {json.dumps(value):.60}.")
        # Refused now, not after hours of training.
        if field in ("name", "version") and not PLAIN_NAME.fullmatch(value):
            raise JobRefusedError(f"set: {field} must be {PLAIN_NAME_RULE}, not {value!r:.60}.")


def check_bucket(request: JobRequest, datasets_bucket: str) -> None:
    """Raise `JobRefusedError` for images in a bucket that no training can read."""
    bucket = request.data.removeprefix("s3://").partition("/")[0]
    if bucket != datasets_bucket:
        raise JobRefusedError(
            f"{request.data:.200}: training data must lie in s3://{datasets_bucket}/; no other "
            "bucket can be read."
        )


def _alike(value: Any, default: Any) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, float):
        return isinstance(value, (int, float))
    return isinstance(value, type(default))
