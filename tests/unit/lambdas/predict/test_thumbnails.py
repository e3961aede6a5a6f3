"""A request for thumbnails ends within the function's time, whatever its images take."""

from types import SimpleNamespace
from typing import Any

import pytest

from lambdas.predict.thumbnails import BEGIN_WITHIN_S, RecordThumbnails, ThumbnailService
from visionflow.errors import UnreadableImageError

IDS = ["first", "second", "third", "fourth", "seen"]


class World:
    """Stores and a decoder whose steps take ``seconds`` of a clock of their own."""

    def __init__(self, **seconds: float) -> None:
        self.now = 100.0
        self._seconds = seconds
        self.drawn: list[str] = []
        self.readable = True
        self.refusal = PermissionError
        image = SimpleNamespace(version_id=None)
        self.records = {
            name: SimpleNamespace(
                id=name,
                owner=None,
                status="ok",
                thumbnail_key="thumbnails/seen.jpg" if name == "seen" else None,
                stored_image=SimpleNamespace(**vars(image), key=name),
            )
            for name in IDS
        }

    def _take(self, step: str) -> None:
        self.now += self._seconds.get(step, 0)

    def get(self, prediction_id: str) -> Any:
        return self.records[prediction_id]

    def read(self, key: str, _: str | None) -> bytes:
        self._take("read")
        return key.encode()

    def prepare(self, data: bytes, *_: object) -> Any:
        self._take("draw")
        self.drawn.append(data.decode())
        if not self.readable:
            raise UnreadableImageError("damaged")
        return SimpleNamespace(thumbnail=data)

    def write(self, *_: object) -> None:
        self._take("write")

    def illustrate(self, *_: object) -> bool:
        return True

    def url(self, key: str) -> str:
        return key

    def ask(self, *ids: str) -> RecordThumbnails:
        stores: Any = self
        service = ThumbnailService(stores, stores, stores, lambda: self.now)
        return service.of(ids, None, lambda: None)


def test_all_are_made_where_there_is_time() -> None:
    found = World(draw=0.1, read=0.1).ask(*IDS)
    assert (list(found.items), found.later) == (IDS, ())


@pytest.mark.parametrize("step", ["draw", "read", "write"])
@pytest.mark.parametrize("readable", [True, False])
def test_what_there_is_no_time_for_comes_later_and_what_is_there_does_not(
    step: str, readable: bool
) -> None:
    world = World(**{step: BEGIN_WITHIN_S + 1})
    world.readable = readable or step == "write"
    found = world.ask(*IDS)
    assert set(found.items) == set(world.drawn) | {"seen"}
    assert world.drawn
    assert step == "write" or len(world.drawn) < 4  # others may be drawn while one is written
    assert found.later == tuple(name for name in IDS[:4] if name not in world.drawn)


def test_who_asks_again_comes_to_an_end() -> None:
    world, left, requests = World(draw=60), tuple(IDS), 0
    while left:
        left, requests = world.ask(*left).later, requests + 1
    assert sorted(world.drawn) == sorted(IDS[:4])
    assert requests <= 4
