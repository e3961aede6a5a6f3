"""What people change about a dataset: its images one by one, and its classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final, Literal

from visionflow.datasets.record import Dataset, DatasetClass, Part
from visionflow.errors import DatasetConflictError, InvalidParameterError
from visionflow.labels import composed, label_key, label_problem

MAX_CLASSES: Final = 1000
MAX_MOVES: Final = 1000
"""How many former names of classes a dataset remembers."""

ClassAction = Literal["add", "rename", "merge", "delete", "describe"]


class Keep(Enum):
    """Says that a field stays as it is; None is a value of its own."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageChange:
    """What to change about an image; what is left out stays.

    ``label``: None takes the label away. ``removed``: whether it is out of the dataset.
    ``part``: None leaves it to the training.
    """

    sha256: str
    label: str | Keep | None = KEEP
    removed: bool | Keep = KEEP
    part: Part | Keep | None = KEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassChange:
    """``add`` a class, ``rename`` it ``to`` a new name, ``merge`` it ``to`` another class,
    ``delete`` it, which leaves its images unlabelled, or ``describe`` how people read it."""

    action: ClassAction
    name: str
    to: str | None = None
    ko: str | None = None
    en: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassMove:
    """What was labelled so before ``revision`` is labelled ``to`` now, or not at all."""

    revision: int
    to: str | None


Moves = Mapping[str, tuple[ClassMove, ...]]
"""By the former name of a class, in their order. Of a label, the first one since then counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A dataset with the moves of its classes.

    An image keeps the revision under which its label was given, and the label is read through the
    moves since then. So a class of any size is renamed, merged or deleted by one write of one row,
    which is there as a whole or not at all.
    """

    dataset: Dataset
    moves: Moves = field(default_factory=dict)

    def label(self, label: str | None, revision: int) -> str | None:
        """What a label of ``revision`` is called now."""
        if label is None:
            return None
        since = (move for move in self.moves.get(label, ()) if move.revision > revision)
        move = next(since, None)
        return label if move is None else move.to

    def check_labels(self, labels: Sequence[str | None]) -> None:
        """Raises `InvalidParameterError` for a label that is not one of the classes."""
        names = {known.name for known in self.dataset.classes}
        for label in labels:
            if label is not None and label not in names:
                raise InvalidParameterError(
                    f"{label!r:.130} is not a class of {self.dataset.name}; add it first.", "label"
                )

    def changed(self, change: ClassChange) -> "Book":
        """The book after ``change``; itself where nothing changes.

        Raises `InvalidParameterError` for a change that names what is not there or cannot be a
        label, and `DatasetConflictError` for one class too many.
        """
        ko, en = _display_name("ko", change.ko), _display_name("en", change.en)
        if change.action == "add":
            named = DatasetClass(name=self._new_name("name", change.name), ko=ko, en=en)
            return self._with((*self.dataset.classes, named))
        old = self._known("name", change.name)
        if change.action == "describe":
            return self._with(self._replaced(old, replace(old, ko=ko, en=en)))
        if change.action == "delete":
            return self._with(self._replaced(old, None), (old.name, None))
        if change.to is None:
            raise InvalidParameterError(
                f"{change.action}: name the class {old.name!r} goes to.", "to"
            )
        if change.action == "merge":
            target = self._known("to", change.to)
            if target == old:
                raise InvalidParameterError(f"{old.name!r} cannot be merged with itself.", "to")
            return self._with(self._replaced(old, None), (old.name, target.name))
        new = replace(old, name=self._new_name("to", change.to, but=old.name))
        return self._with(self._replaced(old, new), (old.name, new.name))

    def _with(
        self, classes: tuple[DatasetClass, ...], move: tuple[str, str | None] | None = None
    ) -> "Book":
        if classes == self.dataset.classes:
            return self
        revision = self.dataset.revision + 1
        moves = self.moves if move is None else _moved(self.moves, revision, *move)
        if sum(map(len, moves.values())) > max(MAX_MOVES, sum(map(len, self.moves.values()))):
            raise DatasetConflictError(
                f"The classes of {self.dataset.name} have {MAX_MOVES:,} former names, which is as "
                "many as a dataset remembers; label by image."
            )
        dataset = replace(self.dataset, classes=classes, revision=revision)
        return Book(dataset=dataset, moves=moves)

    def _replaced(self, old: DatasetClass, new: DatasetClass | None) -> tuple[DatasetClass, ...]:
        found = (new if known == old else known for known in self.dataset.classes)
        return tuple(known for known in found if known is not None)

    def _known(self, field: str, name: str) -> DatasetClass:
        for known in self.dataset.classes:
            if known.name == composed(name):
                return known
        raise InvalidParameterError(f"{name!r:.130} is not a class of {self.dataset.name}.", field)

    def _new_name(self, field: str, name: str, but: str | None = None) -> str:
        name = composed(name)
        if problem := label_problem(name):
            raise InvalidParameterError(f"The class {name!r:.130} {problem}.", field)
        for known in self.dataset.classes:
            if known.name != but and label_key(known.name) == label_key(name):
                raise InvalidParameterError(f"There is a class {known.name!r} already.", field)
        if but is None and len(self.dataset.classes) >= MAX_CLASSES:
            raise DatasetConflictError(f"A dataset has at most {MAX_CLASSES:,} classes.")
        return name


def _moved(moves: Moves, revision: int, name: str, to: str | None) -> Moves:
    """``moves`` with one more, each with what its label is called after that."""
    followed = {
        former: tuple(replace(move, to=to) if move.to == name else move for move in each)
        for former, each in moves.items()
    }
    followed[name] = (*followed.get(name, ()), ClassMove(revision=revision, to=to))
    told = {former: _telling(former, each) for former, each in followed.items()}
    return {former: each for former, each in told.items() if each}


def _telling(name: str, moves: Sequence[ClassMove]) -> tuple[ClassMove, ...]:
    """Those ``moves`` that a label follows to somewhere else than it would without them."""
    kept: list[ClassMove] = []
    without: str | None = name
    for move in reversed(moves):
        if move.to != without:
            kept.append(move)
            without = move.to
    return tuple(reversed(kept))


def _display_name(field: str, text: str | None) -> str | None:
    """What people read instead of a label, by the rules of labels."""
    if text is None:
        return None
    text = composed(text)
    if problem := label_problem(text):
        raise InvalidParameterError(f"The name {text!r:.130} {problem}.", field)
    return text
