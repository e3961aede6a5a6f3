"""How far a command is, on stderr: a bar on a terminal, and where nobody watches a line every ten
seconds at most. It is the way in which every command says so.

A command that ends sooner says nothing but its result.
"""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Final, Generic, Never, TextIO, TypeVar

from training.texts.terminal import printable

if TYPE_CHECKING:
    from tqdm import tqdm

T = TypeVar("T")

EVERY_SECONDS: Final = 10.0


class Lines:
    """Lines for a log. One that comes too soon after another waits, and a later one replaces it;
    only how far a step is never replaces what has ended."""

    def __init__(
        self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream, self._clock = stream, clock
        self._began = self._last = clock()
        self._waits: str | None = None
        self._lock = Lock()
        self.keeps_all = False

    def tell(self, text: str, *, ended: bool = True) -> None:
        """Print ``text``, or let it wait. ``ended``: it tells of something that is over."""
        with self._lock:
            line = text if ended or self._waits is None else self._waits
            now = self._clock()
            if now - self._last < EVERY_SECONDS and not (ended and self.keeps_all):
                self._waits = line if ended else self._waits
                return
            self._last, self._waits = now, None
            stream = self._stream or sys.stderr
            print(f"[{now - self._began:5.1f} s] {printable(line)}", file=stream, flush=True)


# One for the process: several steps at a time are one command's still.
_lines = Lines()


@contextmanager
def every_end_kept() -> Iterator[None]:
    """In the block all that has ended is said: of a training job people read the log afterwards."""
    _lines.keeps_all = True
    try:
        yield
    finally:
        _lines.keeps_all = False


def _is_other_process() -> bool:
    """Of several that train as one (torchrun), the first speaks for all."""
    return int(os.environ.get("RANK", "0")) > 0


def is_watched() -> bool:
    return sys.stderr.isatty()


def tell(text: str) -> None:
    """Say what has ended: an epoch, a trial, a step."""
    if _is_other_process():
        return
    if not is_watched():
        _lines.tell(text)
    elif "tqdm" in sys.modules:
        from tqdm import tqdm  # noqa: PLC0415

        # Above a bar that is being drawn.
        tqdm.write(printable(text), file=sys.stderr)
    else:
        print(printable(text), file=sys.stderr, flush=True)


_names_steps: ContextVar[bool] = ContextVar("_names_steps", default=False)


@contextmanager
def naming_steps() -> Iterator[None]:
    """Let every `begin` in the block, however deep, be read: somebody waits for the run."""
    token = _names_steps.set(True)
    try:
        yield
    finally:
        _names_steps.reset(token)


def begin(what: str) -> None:
    """Name a step of a run that has no bar, where somebody waits for it."""
    if _names_steps.get():
        tell(f"{what} ...")


@contextmanager
def step(name: str) -> Iterator[None]:
    """Say ``name`` and how long it took when the block has ended."""
    began = time.monotonic()
    yield
    tell(f"{name} ({time.monotonic() - began:.1f} s)")


class Bar(Generic[T]):
    """The progress of a loop over ``items``, or of ``total`` things that `add` counts."""

    def __init__(
        self,
        items: Iterable[T] = (),
        *,
        what: str,
        total: int | None = None,
        unit: str = "it",
        shown: bool = True,
    ) -> None:
        """``unit``: what is counted, ``B`` for bytes. ``shown``: False says nothing at all."""
        if total is None and isinstance(items, Sized):
            total = len(items)
        self._items, self._what, self._unit = items, printable(what), unit
        self._total, self._done, self._note = total, 0, ""
        self._shown = shown and not _is_other_process()
        # Large files may go in parts, by several threads.
        self._lock = Lock()
        self._drawn: tqdm[Never] | None = self._draw() if self._shown and is_watched() else None

    def _draw(self) -> "tqdm[Never]":
        from tqdm import tqdm  # noqa: PLC0415

        return tqdm(
            total=self._total,
            desc=self._what,
            unit=self._unit,
            unit_scale=self._unit == "B",
            leave=False,
            file=sys.stderr,
        )

    def add(self, count: int = 1) -> None:
        """Count; never more than the total, which may be a little less than is sent."""
        with self._lock:
            if self._total is not None:
                count = min(count, self._total - self._done)
            self._done += count
            if self._drawn is not None:
                self._drawn.update(count)
            elif self._shown:
                _lines.tell(self._line(), ended=False)

    def note(self, text: str) -> None:
        """What stands behind the counts, such as the loss of the last step."""
        self._note = text
        if self._drawn is not None:
            self._drawn.set_postfix_str(text, refresh=False)

    def _line(self) -> str:
        scale, unit = (1e6, "MB") if self._unit == "B" else (1, self._unit)
        digits = ".1f" if self._unit == "B" else ",.0f"
        of = "" if self._total is None else f" of {self._total / scale:{digits}}"
        return f"{self._what}: {self._done / scale:{digits}}{of} {unit} {self._note}".rstrip()

    def __iter__(self) -> Iterator[T]:
        with self:
            for item in self._items:
                yield item
                self.add()

    def __enter__(self) -> "Bar[T]":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._drawn is not None:
            self._drawn.close()
