"""How a command line names a version of a model."""

from collections.abc import Callable, Iterable

from infra.errors import CommandError
from visionflow.client.connection import Connection
from visionflow.models.ref import ModelRef, parse_ref

MODEL_HELP = "name/version; the name or the version alone where only one version has it"
_MOST_NAMED = 10


def find_model(text: str, published: Callable[[], Iterable[ModelRef]]) -> ModelRef:
    """The version that ``text`` names: ``name/version``, or a name or a version alone that only one
    version has.

    Raises `InvalidParameterError`, and `CommandError` that lists what ``text`` may mean.
    """
    if "/" in text:
        return parse_ref("MODEL", text)
    found = sorted(
        (model for model in published() if text in (model.version, model.name)),
        key=lambda model: model.text,
    )
    if not found:
        raise CommandError(
            f"No model or version is called {text!r:.80}; see 'visionflow models list'."
        )
    if len(found) > 1:
        names = " or ".join(model.text for model in found[:_MOST_NAMED])
        more = len(found) - _MOST_NAMED
        raise CommandError(
            f"Several versions are called {text}: give {names}"
            f"{f' or one of {more} more' if more > 0 else ''}."
        )
    return found[0]


def find_by_api(text: str, api: Connection) -> ModelRef:
    """`find_model` among the versions that the API lists."""

    def published() -> Iterable[ModelRef]:
        return (ModelRef(it["name"], it["version"]) for it in api.send("GET", "/models")["items"])

    return find_model(text, published)
