"""Labels with parents: a forest whose leaves are a model's classes."""

from collections.abc import Collection
from dataclasses import dataclass, field

from visionflow.bounds import check_count
from visionflow.errors import ConfigError
from visionflow.labels import composed, label_key, label_problem, twins

# Each answer compares all labels, and each label with all parents.
MAX_LABELS = 10_000
MAX_PARENTS = 2_000
MAX_DEPTH = 32


@dataclass(frozen=True)
class Label:
    """A class, or a parent of classes and other parents. ``parent`` is None at the top."""

    name: str
    parent: str | None

    def __post_init__(self) -> None:
        for text in (self.name, self.parent):
            if text is not None and (problem := label_problem(composed(text))):
                raise ConfigError(f"manifest.labels: {text!a:.80} {problem}")


@dataclass(frozen=True)
class LabelTree:
    """``labels``: the leaves; ``parents``: the inner nodes, of any depth.

    Raises `ConfigError` where a name comes twice, also in other spellings, a parent is missing or
    has nothing below it, a node is above itself, or there are too many.
    """

    labels: tuple[Label, ...]
    parents: tuple[Label, ...]
    _ancestors: dict[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_count("manifest.labels", len(self.labels), MAX_LABELS, low=1)
        check_count("manifest.parents", len(self.parents), MAX_PARENTS)
        nodes = (*self.labels, *self.parents)
        above = {node.name: node.parent for node in nodes}
        if pair := twins(node.name for node in nodes):
            raise ConfigError(
                "manifest.labels: must be distinct, also from parents and by more than case or "
                f"composition; found {pair[0]!r:.80} and {pair[1]!r:.80}"
            )
        inner = {node.name for node in self.parents}
        if unknown := {node.parent for node in nodes} - {None} - inner:
            raise ConfigError(f"manifest.parents: lacks {_listed(unknown)}, which labels name")
        object.__setattr__(self, "_ancestors", {name: _ancestors(name, above) for name in above})
        used = {parent for label in self.labels for parent in self._ancestors[label.name]}
        if empty := inner - used:
            raise ConfigError(f"manifest.parents: no label is below {_listed(empty)}")

    def __contains__(self, name: str) -> bool:
        return name in self._ancestors

    def spelling(self, text: str) -> str | None:
        """The name of a label or a parent that ``text`` is, but for case and composition; None
        where it is none."""
        if text in self:
            return text
        key = label_key(text)
        return next((name for name in self._ancestors if label_key(name) == key), None)

    def ancestors(self, name: str) -> tuple[str, ...]:
        """The parents of a label or a parent, from the top down. KeyError for an unknown name."""
        return self._ancestors[name]

    def depth(self, name: str) -> int:
        """How many parents are above it."""
        return len(self._ancestors[name])

    def covers(self, name: str, label: str) -> bool:
        """Whether ``label`` is ``name``, or below it."""
        return name == label or name in self._ancestors.get(label, ())

    def leaves(self, name: str) -> tuple[int, ...]:
        """Indices of the labels that ``name`` covers, rising."""
        return tuple(i for i, label in enumerate(self.labels) if self.covers(name, label.name))

    def at_level(self, label: str, level: int) -> str:
        """The ancestor of ``label`` with ``level`` parents above it, or ``label`` itself where it
        is not deeper than that."""
        path = (*self._ancestors[label], label)
        return path[min(level, len(path) - 1)]


def _ancestors(name: str, above: dict[str, str | None]) -> tuple[str, ...]:
    path: list[str] = []
    parent = above[name]
    while parent is not None:
        if parent in path or parent == name:
            raise ConfigError(f"manifest.parents: {parent} is above itself")
        if len(path) == MAX_DEPTH:
            raise ConfigError(f"manifest.parents: {name} has more than {MAX_DEPTH} above it")
        path.append(parent)
        parent = above[parent]
    return tuple(reversed(path))


def _listed(names: Collection[str | None]) -> str:
    return ", ".join(sorted(str(name) for name in names))
