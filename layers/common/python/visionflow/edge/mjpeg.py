"""A stream of JPEG files behind one another, as cameras send it, in pieces of any size.

The marks of a JPEG are walked: a thumbnail in a header has an end of its own. What lies between two
files, such as the headers of a multipart stream, is skipped.
"""

from collections.abc import Iterator

_START, _END, _MARK = b"\xff\xd8\xff", 0xD9, 0xFF
_SCAN = 0xDA
# Marks without a length, with what to go on by: the first half of one is a fill byte.
_ALONE = {_MARK: 1, **dict.fromkeys((0x01, *range(0xD0, 0xD8)), 2)}
_STUFFED = frozenset({0x00, *range(0xD0, 0xD8)})
# No camera's frame is larger. What is, was damaged on its way.
MAX_FRAME_BYTES = 20_000_000


class Splitter:
    """Gets pieces of the stream, and gives whole files."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._at = 0  # up to here the file that begins the data has been walked
        self._in_scan = False

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The files that end in this piece, in their order."""
        self._data += piece
        while (end := self._walk()) is not None:
            yield bytes(self._data[:end])
            self._drop(end)
        if len(self._data) > MAX_FRAME_BYTES:
            self._drop(len(_START))

    def _drop(self, count: int) -> None:
        del self._data[:count]
        self._at, self._in_scan = 0, False

    def _walk(self) -> int | None:
        """Where the first file ends; None where more data is needed."""
        if self._at == 0 and not self._find_start():
            return None
        while True:
            end = self._over_scan() if self._in_scan else self._over_segment()
            if end is None or end > 0:
                return end

    def _find_start(self) -> bool:
        start = self._data.find(_START)
        if start < 0:
            # The end may be the beginning of a start.
            del self._data[: max(0, len(self._data) - len(_START) + 1)]
            return False
        del self._data[:start]
        self._at = 2
        return True

    def _over_segment(self) -> int | None:
        """0 after one segment, the end of the file, or None where more data is needed."""
        data, at = self._data, self._at
        if at + 2 > len(data):
            return None
        if data[at] != _MARK:
            # Not a JPEG, or one with a hole: look for the next.
            self._drop(2)
            return 0 if self._find_start() else None
        kind = data[at + 1]
        if kind == _END:
            return at + 2
        following = at + _ALONE.get(kind, 0)
        if following == at:
            # With a length, of itself too; where that is not there yet, nothing fits.
            given = data[at + 2 : at + 4]
            following += 2 + (int.from_bytes(given) if len(given) == 2 else len(data))
        if following > len(data):
            return None
        self._at, self._in_scan = following, kind == _SCAN
        return 0

    def _over_scan(self) -> int | None:
        """To the mark that ends the pixels of a scan."""
        at = self._at
        while (at := self._data.find(_MARK, at)) >= 0 and at + 1 < len(self._data):
            if self._data[at + 1] in _STUFFED:
                at += 2
            elif self._data[at + 1] == _MARK:
                at += 1
            else:
                self._at, self._in_scan = at, False
                return 0
        self._at = len(self._data) if at < 0 else at
        return None
