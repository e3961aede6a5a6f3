"""What a training job can be asked to do, as `infra.generators` reads it from `training`."""

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from visionflow.addresses import SCHEME, path_of, place_of
from visionflow.errors import JobRefusedError
from visionflow.jobs.record import JobRecord, JobRequest, overrides
from visionflow.models.gate import INSTANT, GateLimits
from visionflow.models.ref import PLAIN_NAME, PLAIN_NAME_RULE, ModelRef

OPTIONS_FILE = Path(__file__).with_name("options.json")


@lru_cache
def training_options() -> dict[str, Any]:
    """``models``, ``further_models`` (a regular expression), ``recipes`` and ``configs``, each
    config with its parameters."""
    options: dict[str, Any] = json.loads(OPTIONS_FILE.read_text(encoding="utf-8"))
    return options


def check_settings(request: JobRequest) -> None:
    """Raise `JobRefusedError` for a config, model, recipe or field that does not exist, for a
    value of another kind than the config's own, and for an instant training, which needs no
    machine; ranges are for the training to judge."""
    if INSTANT in (request.config, overrides(request).get("recipe")):
        raise JobRefusedError(
            "recipe: an instant training takes seconds and needs no rented machine. Start it on "
            "the Data page or by `visionflow datasets train`.",
            "recipe",
        )
    options = training_options()
    configs = {config["name"]: config for config in options["configs"]}
    if request.config not in configs:
        raise JobRefusedError(f"config must be one of {', '.join(configs)}.", "config")
    model, models, recipes = request.model, options["models"], options["recipes"]
    if not (model is None or model in models or re.fullmatch(options["further_models"], model)):
        raise JobRefusedError(
            f"model must be one of {', '.join(models)}, timm:NAME, or several joined by +.",
            "model",
        )
    if request.recipe is not None and request.recipe not in recipes:
        raise JobRefusedError(f"recipe must be one of {', '.join(recipes)}.", "recipe")
    parameters = configs[request.config]["parameters"]
    for field, value in (request.set or {}).items():
        if field not in parameters:
            raise JobRefusedError(
                f"set: the config {request.config} has no field {field!r:.60}.", "set"
            )
        if not _alike(value, parameters[field]["default"]):
            default = json.dumps(parameters[field]["default"])
            raise JobRefusedError(
                f"set: {field} is like {default}, not {json.dumps(value):.60}.", f"set.{field}"
            )
        choices = parameters[field]["choices"]
        if choices and value not in choices:
            raise JobRefusedError(
                f"set: {field} must be one of {', '.join(choices)}, not {value!r:.60}.",
                f"set.{field}",
            )
        _check_settable(request, field, value)


def check_bucket(request: JobRequest, datasets_bucket: str) -> None:
    """Raise `JobRefusedError` for images or weights in a bucket that no training can read, or
    below a prefix that is not a path."""
    for field, place in (("data", request.data), ("set.model.weights", start_weights(request))):
        if place and place_of(place)[0] != datasets_bucket:
            raise JobRefusedError(
                f"{place:.200}: training data must lie in s3://{datasets_bucket}/; no other "
                "bucket can be read.",
                field,
            )
    try:
        path_of(place_of(request.data)[1])
    except ValueError as error:
        raise JobRefusedError(
            f"{request.data:.200}: the prefix has a part . or .., as no path below a folder has.",
            "data",
        ) from error


def setting(request: JobRequest, field: str) -> Any:
    """What a field of the job's config is: as the request sets it, else the config's own."""
    configs = {config["name"]: config for config in training_options()["configs"]}
    default = configs[request.config]["parameters"][field]["default"]
    return overrides(request).get(field, default)


def start_weights(request: JobRequest) -> str | None:
    """The object of S3 that the job's network starts from, if it is one."""
    weights = str(setting(request, "model.weights"))
    return weights if weights.startswith(SCHEME) else None


def published_as(record: JobRecord) -> ModelRef:
    """The version that a job publishes. Unless the request names one, it is the time of the
    request."""
    moment = record.created_at[:19].replace("-", "").replace(":", "").replace("T", "-")
    version = overrides(record.request).get("version", moment)
    return ModelRef(str(setting(record.request, "name")), str(version))


def _check_settable(request: JobRequest, field: str, value: Any) -> None:
    if field in GateLimits().fields:
        raise JobRefusedError(
            f"set: {field} cannot be set for a job: the stage has the limits of the gate "
            "(StageConfig.gate in infra/stages.py). Leave it out.",
            f"set.{field}",
        )
    if field == "data.group_by" and request.dataset is not None:
        raise JobRefusedError(
            "set: data.group_by cannot be set for a dataset, which has the groups of its images. "
            "Leave it out.",
            f"set.{field}",
        )
    # Refused now, not after hours of training.
    if field in ("name", "version") and not PLAIN_NAME.fullmatch(value):
        raise JobRefusedError(
            f"set: {field} must be {PLAIN_NAME_RULE}, not {value!r:.60}.", f"set.{field}"
        )


def _alike(value: Any, default: Any) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, float):
        return isinstance(value, (int, float))
    return isinstance(value, type(default))
