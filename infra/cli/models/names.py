"""How a command line names a version of a model."""

from collections.abc import Callable, Iterable

from infra.errors import CommandError
from visionflow.models.ref import ModelRef, parse_ref

MODEL_HELP = "name/version, or the version alone where only one model has it"


def find_model(text: str, published: Callable[[], Iterable[ModelRef]]) -> ModelRef:
    """The version that ``text`` names: ``name/version``, or a version that one model alone has.

    Raises `InvalidParameterError`, and `CommandError` that lists what a version alone may mean.
    """
    if "/" in text:
        return parse_ref("MODEL", text)
    found = [model for model in published() if model.version == text]
    if not found:
        raise CommandError(f"There is no version {text!r:.80}; see 'visionflow models list'.")
    if len(found) > 1:
        names = " or ".join(sorted(model.text for model in found))
        raise CommandError(f"Several models have a version {text}: give {names}.")
    return found[0]
