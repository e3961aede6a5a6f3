"""Parts of a comparison: whatever they are grouped by, they add up to the same."""

import random
from dataclasses import replace

import pytest

from visionflow.answers.answer import Score
from visionflow.backfills.comparison import part as module
from visionflow.backfills.comparison.candidates import Candidate, kept
from visionflow.backfills.comparison.groups import folder_of, groups_of, place_of
from visionflow.backfills.comparison.measure import Answer, disagreement, distribution
from visionflow.backfills.comparison.part import BINS, Compared, Part, bin_of, candidates_of
from visionflow.backfills.comparison.summary import comparison_of
from visionflow.backfills.comparison.thumbnails import thumbnail_of
from visionflow.backfills.comparison.view import (
    MOST_EXAMPLES,
    MOST_FOLDERS,
    ComparedAnswer,
    ComparedImage,
)
from visionflow.backfills.request import SourceKind, Work
from visionflow.predictions.record import s3_object_id, thumbnail_key, thumbnail_prefix

LABELS = ("cat", "dog", "raccoon")


def answer(label: str | None, confidence: float = 0.5) -> Answer:
    return Answer(label or "cat", confidence, None if label else "unsure")


def candidate(
    key: str, old: str | None, new: str | None, apart: float = 0.5, embedding: bytes = b""
) -> Candidate:
    said = [ComparedAnswer(label, 0.5, None, (Score("cat", 0.5),)) for label in (old, new)]
    image = ComparedImage(key, "b", None, 0, apart, 4, 4, f"thumbnails/{key}", None, *said)
    return Candidate(image, embedding)


def images(count: int, seed: int = 0) -> list[Compared]:
    generator = random.Random(seed)
    found = []
    for number in range(count):
        old, new = (
            None
            if generator.random() < 0.05
            # Halves and quarters add up to the same in any order.
            else answer(generator.choice((*LABELS, None)), generator.randrange(64) / 64)
            for _ in range(2)
        )
        one = Compared(f"{number % 7}", generator.randrange(10**7), old, new)
        if old and new and old.label != new.label:
            apart = generator.random()
            one = replace(one, candidate=candidate(f"{number}", old.label, new.label, apart))
        found.append(one)
    return found


@pytest.mark.parametrize("cut", [1, 7, 100])
def test_any_cut_of_the_images_adds_up_to_the_same(cut: int) -> None:
    tried = images(300)
    whole = Part.of(tried)
    parts = [Part.of(tried[at : at + cut]) for at in range(0, len(tried), cut)]
    random.Random(cut).shuffle(parts)
    merged = Part()
    for one in parts:
        merged.merge(Part.read(one.to_bytes()))
    said = (comparison_of(("n", "o"), replace(p, candidates=[])) for p in (whole, merged))
    assert next(said) == next(said)


def test_each_image_is_counted_where_it_belongs() -> None:
    tried = images(500)
    said = comparison_of(("n", "o"), Part.of(tried))
    both = [(i.old, i.new) for i in tried if i.old and i.new]
    assert said.images == len(both)
    assert said.failed.both == sum(i.old is None and i.new is None for i in tried)
    assert said.failed.new == sum(i.old is not None and i.new is None for i in tried)
    assert said.failed.old == sum(i.old is None and i.new is not None for i in tried)
    assert said.unknown.both == sum(o.label is None and n.label is None for o, n in both)
    assert said.unknown.new == sum(o.label is not None and n.label is None for o, n in both)
    differ = sum(o.label != n.label for o, n in both)
    assert said.agreement.share == 1 - differ / len(both)
    assert sum(cell.images for cell in said.confusion) + said.confusion_left == differ
    images_of = [cell.images for cell in said.confusion]
    assert images_of == sorted(images_of, reverse=True)
    (cat,) = (one for one in said.labels if one.label == "cat")
    alike = [(o, n) for o, n in both if o.label == n.label == "cat"]
    assert (cat.new, cat.both) == (sum(n.label == "cat" for _, n in both), len(alike))
    assert cat.shift == sum(n.confidence - o.confidence for o, n in alike) / len(alike)
    changed = [one.new + one.old - 2 * one.both for one in said.labels]
    assert changed == sorted(changed, reverse=True)


def test_what_is_kept_is_bounded_and_what_differs_is_counted_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("MOST_PAIRS", "MOST_CANDIDATES", "MOST_KEPT_FOLDERS"):
        monkeypatch.setattr(module, name, 3)
    merged = Part()
    for number in range(60):
        often = "often" if number % 2 else f"{number}"
        one = Compared(f"f{number % 20}", 1, answer(f"{number}"), answer(often))
        one = replace(one, candidate=candidate(f"{number}", f"{number}", often))
        other = Compared("f", 1, answer("cat"), answer("dog"))
        merged.merge(Part.of([one, other, other]))
        assert len(merged.candidates) <= 6
        assert len(merged.pairs) <= 6 + 2
    found = Part.read(merged.to_bytes())
    assert (len(found.candidates), len(found.pairs)) == (3, 3)
    assert found.pairs["cat", "dog"] == 120
    # A folder that is kept was never dropped, so its images are all there.
    folders = {value: counts for (by, value), counts in found.groups.items() if by == "folder"}
    names = sorted(["f", *(f"f{number}" for number in range(20))], key=place_of)
    assert sorted(folders) == sorted(names[:3])
    assert all(counts[0] == (120 if name == "f" else 3) for name, counts in folders.items())
    said = comparison_of(("n", "o"), found)
    shown = sum(cell.images for cell in said.confusion)
    assert shown + said.confusion_left == said.images - found.alike


def test_how_many_folders_are_left_off_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    some = Part.of(Compared(f"{n}", 1, answer("cat"), answer("cat")) for n in range(500))
    assert comparison_of(("n", "o"), some).folders_left == 500 - MOST_FOLDERS
    many = Part.of(Compared(f"{n}", 1, answer("cat"), answer("cat")) for n in range(10_000))
    said = comparison_of(("n", "o"), Part.read(many.to_bytes()))
    assert said.folders_left == pytest.approx(10_000 - MOST_FOLDERS, rel=0.1)
    assert len([one for one in said.slices if one.by == "folder"]) == MOST_FOLDERS


def test_candidates_are_of_each_pair_of_answers() -> None:
    common = [candidate(f"c{n}", "cat", "dog", 0.9) for n in range(10)]
    rare = [candidate("r", "dog", None, 0.1), candidate("q", "dog", None, 0.2)]
    chosen = [one.image.key for one in kept([*common, *rare], 4)]
    assert chosen == ["c0", "q", "c1", "r"]


def differing(count: int) -> list[Compared]:
    old, new = answer("b"), answer("c")
    return [Compared("odd", 1, old, new, candidate(f"{n}", "b", "c")) for n in range(count)]


@pytest.mark.parametrize(
    ("chunks", "each"), [(0, 100), (1, 100), (2_000, 100), (4_000, 50), (40_000, 5), (200_000, 5)]
)
def test_chunks_hand_on_fewer_candidates_where_they_are_very_many(chunks: int, each: int) -> None:
    assert candidates_of(chunks) == each
    assert len(Part.of(differing(120), each).candidates) == each


def test_a_hundred_examples_are_shown_where_all_that_differ_are_in_one_chunk() -> None:
    """As where a prefix is listed and one of its folders differs."""
    alike = [Compared("other", 1, answer("b"), answer("b")) for _ in range(500)]
    merged = Part()
    for chunk in (alike, differing(MOST_EXAMPLES), *[alike] * 5):
        merged.merge(Part.read(Part.of(chunk, candidates_of(7)).to_bytes()))
    assert len(comparison_of(("n", "o"), merged).examples) == MOST_EXAMPLES


@pytest.mark.parametrize(
    ("old", "new", "unknown", "apart"),
    [
        ({"cat": 0.9, "dog": 0.1}, {"cat": 0.9, "dog": 0.1}, (False, False), 0.0),
        ({"cat": 0.9, "dog": 0.1}, {"cat": 0.1, "dog": 0.9}, (False, False), 0.8),
        # Of other labels: nothing in common.
        ({"cat": 0.7, "dog": 0.3}, {"tabby": 1.0}, (False, False), 1.0),
        ({"cat": 0.7, "dog": 0.3}, {"cat": 0.7, "fox": 0.3}, (False, False), 0.3),
        # The same scores, of which one version makes no answer.
        ({"cat": 0.9, "dog": 0.1}, {"cat": 0.9, "dog": 0.1}, (False, True), 0.5),
        ({"cat": 0.9, "dog": 0.1}, {"cat": 0.9, "dog": 0.1}, (True, True), 0.0),
        ({"cat": 1.0}, {"dog": 1.0}, (True, True), 0.5),
        ({"cat": 1.0}, {"dog": 1.0}, (True, False), 1.0),
    ],
)
def test_answers_are_as_far_apart_as_their_probabilities(
    old: dict[str, float], new: dict[str, float], unknown: tuple[bool, bool], apart: float
) -> None:
    left, right = (
        distribution((Score(*one) for one in scores.items()), unknown=is_unknown)
        for scores, is_unknown in zip((old, new), unknown, strict=True)
    )
    assert disagreement(left, right) == pytest.approx(apart)
    assert disagreement(right, left) == pytest.approx(apart)


@pytest.mark.parametrize(
    ("shift", "number"), [(-1.0, 0), (-0.91, 0), (-0.05, 9), (0.0, 10), (0.05, 10), (1.0, BINS - 1)]
)
def test_shifts_fall_into_bins(shift: float, number: int) -> None:
    assert bin_of(shift) == number


def work(source: str, kind: SourceKind) -> Work:
    return Work(source, kind, ("n", "o"), "files", None, 1, None, None)


@pytest.mark.parametrize(
    ("source", "kind", "key", "folder"),
    [
        ("s3://b/photos/", "listing", "photos/cats/1.jpg", "cats"),
        ("s3://b/photos/", "listing", "photos/cats/old/1.jpg", "cats"),
        ("s3://b/photos/", "listing", "photos/1.jpg", ""),
        ("s3://b/photos/20", "listing", "photos/2025/1.jpg", "2025"),
        ("s3://b", "listing", "cats/1.jpg", "cats"),
        ("s3://b", "listing", "1.jpg", ""),
        ("s3://b//photos/", "listing", "/photos/cats/1.jpg", "cats"),
        ("s3://b/lists/a.csv", "csv", "photos/cats/old/1.jpg", "photos/cats"),
        ("s3://b/x/manifest.json", "inventory", "1.jpg", ""),
    ],
)
def test_a_folder_is_the_one_below_the_source(
    source: str, kind: SourceKind, key: str, folder: str
) -> None:
    assert folder_of(work(source, kind), key) == folder


@pytest.mark.parametrize(
    ("pixels", "confidence", "size", "sure"),
    [
        (0, 0.0, "<0.1", "<0.5"),
        (100_000, 0.5, "0.1-0.5", "0.5-0.7"),
        (7_999_999, 0.899, "2-8", "0.7-0.9"),
        (8_000_000, 1.0, ">8", "0.9-1"),
    ],
)
def test_sizes_and_confidences_are_ranges(
    pixels: int, confidence: float, size: str, sure: str
) -> None:
    found = dict(groups_of("f", pixels, confidence))
    assert found == {"folder": "f", "size": size, "confidence": sure}


def test_a_thumbnail_stands_where_its_record_looks_for_it() -> None:
    dropped = thumbnail_of("own", "uploads/a.jpg", "v1", "own")
    assert dropped == thumbnail_key(s3_object_id("own", "uploads/a.jpg", "v1"))
    assert thumbnail_of("own", "api/01X-2", "v1", "own").startswith(thumbnail_prefix("01X"))
    # Of somebody else's bucket, which may call its objects anything.
    theirs = thumbnail_of("theirs", "api/01X", "v1", "own")
    assert theirs == thumbnail_key(s3_object_id("theirs", "api/01X", "v1"))
