"""Images that may become examples: a bounded number of those that differ most."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from visionflow import strict
from visionflow.backfills.comparison.view import ComparedImage


@dataclass(frozen=True)
class Candidate:
    """``image`` has no cluster yet. ``embedding``: its direction, as float16; empty where the
    version gives none."""

    image: ComparedImage
    embedding: bytes

    @property
    def cell(self) -> tuple[str | None, str | None]:
        """What the old and the new version say."""
        return self.image.old.label, self.image.new.label

    def to_json(self) -> dict[str, Any]:
        return {
            "image": strict.to_dict(self.image),
            "embedding": base64.b64encode(self.embedding).decode(),
        }

    @classmethod
    def from_json(cls, data: Any) -> "Candidate":
        image = strict.parse(ComparedImage, data["image"], "candidate")
        return cls(image, base64.b64decode(data["embedding"]))


def by_disagreement(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The largest first; the key decides between equals, so that a repetition finds the same."""
    return sorted(candidates, key=lambda one: (-one.image.disagreement, one.image.key))


def kept(candidates: Iterable[Candidate], most: int) -> list[Candidate]:
    """So many at ``most``: the largest disagreement of each pair of answers, then the second of
    each, and so on. By the disagreement alone one common mistake would take all places."""
    ranks: dict[tuple[str | None, str | None], int] = {}
    ranked = []
    for one in by_disagreement(candidates):
        rank = ranks[one.cell] = ranks.get(one.cell, 0) + 1
        ranked.append((rank, one))
    ranked.sort(key=lambda pair: pair[0])  # stable: by disagreement within a rank
    return [one for _, one in ranked[:most]]
