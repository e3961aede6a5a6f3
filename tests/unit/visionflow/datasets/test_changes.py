"""Classes of a dataset: what labels are called after any history, and how large that may be."""

import random
from dataclasses import replace
from typing import Any

import pytest

from visionflow.datasets import rows
from visionflow.datasets.changes import MAX_CLASSES, Book, ClassAction, ClassChange
from visionflow.datasets.record import Dataset, DatasetClass
from visionflow.dynamodb import to_item
from visionflow.errors import DatasetConflictError

EMPTY = Book(dataset=Dataset(name="pets", created_at="2026-01-01T00:00:00Z", created_by="eve"))
# The most that the name of a folder can have: 255 bytes.
LONGEST = tuple(f"{number:03d}{'가' * 84}" for number in range(MAX_CLASSES))


def kept(book: Book) -> Book:
    """As it is read after it was written."""
    item: Any = rows.book_item(book)
    return rows.book_of(item)


def with_classes(*classes: DatasetClass) -> Book:
    return replace(EMPTY, dataset=replace(EMPTY.dataset, classes=classes))


@pytest.mark.parametrize("seed", range(20))
def test_a_label_of_any_time_is_what_the_changes_since_made_of_it(seed: int) -> None:
    """Few names, so that they come back, and every label that was ever given is followed."""
    draw = random.Random(seed)
    actions: tuple[ClassAction, ...] = ("add", "rename", "merge", "delete")
    book = EMPTY
    now: dict[tuple[str, int], str | None] = {}
    for _ in range(60):
        names = [known.name for known in book.dataset.classes]
        free = sorted(set("abcde") - set(names))
        action = draw.choice(actions) if len(names) > 1 and free else "add" if free else "delete"
        name = draw.choice(free if action == "add" else names)
        others = {"rename": free, "merge": [other for other in names if other != name]}
        to = draw.choice(others[action]) if action in others else None
        book = kept(book.changed(ClassChange(action=action, name=name, to=to)))
        if action != "add":
            now |= {label: to for label, called in now.items() if called == name}
        now |= {(known.name, book.dataset.revision): known.name for known in book.dataset.classes}
        assert {label: book.label(*label) for label in now} == now
    assert sum(map(len, book.moves.values())) < 60


def test_a_name_that_goes_to_and_fro_is_remembered_once() -> None:
    book = with_classes(DatasetClass(name="cat"))
    for _ in range(1000):
        book = book.changed(ClassChange(action="rename", name="cat", to="kitten"))
        book = book.changed(ClassChange(action="rename", name="kitten", to="cat"))
    assert book.label("kitten", 1) == book.label("cat", 0) == "cat"
    assert sum(map(len, book.moves.values())) == 1


def test_the_longest_names_of_all_classes_can_be_kept_and_merged() -> None:
    book = kept(with_classes(*(DatasetClass(name=name) for name in LONGEST)))
    for name in LONGEST[1:]:
        book = book.changed(ClassChange(action="merge", name=name, to=LONGEST[0]))
    book = kept(book)
    assert {book.label(name, 0) for name in LONGEST} == {LONGEST[0]}


def test_more_names_than_a_row_can_hold_are_refused() -> None:
    many = (DatasetClass(name=name, ko=name, en=name) for name in LONGEST)
    with pytest.raises(DatasetConflictError, match="at most 400,000 can be kept"):
        rows.book_item(with_classes(*many))


def test_moves_that_named_what_a_class_was_called_then_are_followed() -> None:
    row: Any = rows.book_item(with_classes(DatasetClass(name="cat")))
    then = [[1, "kitty", "puss"], [2, "puss", "cat"], [3, "dog", None]]
    read = rows.book_of(row | to_item({"moves": then}))
    assert [read.label(name, 0) for name in ("kitty", "puss", "cat")] == ["cat"] * 3
    assert read.label("dog", 0) is None
