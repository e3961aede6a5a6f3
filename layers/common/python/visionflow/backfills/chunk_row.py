"""How far a chunk is, and which of its images end their worker."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from visionflow import strict

DEATHS: Final = 2
"""Workers that must have died at an image before it is given up: one may have been ended by
somebody else at that moment."""


# Of rows that were written before they had them.
_LATER_FIELDS: Final[dict[str, Any]] = {"parts": []}


@dataclass(frozen=True)
class ChunkRow:
    """A chunk's row.

    Attributes:
        position: images up to here are done.
        done: all are.
        open: a worker began and did not come to an orderly end.
        careful: a worker died, so from now on each image is marked before it is tried.
        at: the image that is marked.
        deaths: how many workers died at an image, by its place in the chunk.
        counted: its images were counted for the stage's quota.
        began_at: when the first worker began.
        parts: names of what a comparison adds up of the images that are done.
    """

    position: int = 0
    done: bool = False
    open: bool = False
    careful: bool = False
    at: int | None = None
    deaths: dict[str, int] = field(default_factory=dict)
    counted: bool = False
    began_at: str | None = None
    parts: tuple[str, ...] = ()

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        return strict.parse(cls, {**_LATER_FIELDS, **data}, "chunk")

    def begun(self, at: str) -> "ChunkRow":
        """As a worker finds it that begins now: of one that died before it the image is noted."""
        deaths = dict(self.deaths)
        if self.open and self.at is not None:
            deaths[str(self.at)] = deaths.get(str(self.at), 0) + 1
        return replace(
            self,
            open=True,
            careful=self.careful or self.open,
            at=None,
            deaths=deaths,
            began_at=self.began_at or at,
        )

    def ends_workers(self, place: int) -> bool:
        """Whether the image at this place is given up."""
        return self.deaths.get(str(place), 0) >= DEATHS
