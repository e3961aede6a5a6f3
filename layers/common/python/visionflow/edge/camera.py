"""The newest frame of a camera, from a command that writes JPEG files to its standard output."""

import os
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from visionflow.edge.errors import EdgeError
from visionflow.edge.mjpeg import Splitter

_PIECE = 65_536
# A camera that says nothing for so long is stuck; whoever starts the runner again opens it anew.
_SILENT_S = 30.0
_KNOWN = (
    # Raspberry Pi OS, now and before
    "rpicam-vid -t 0 -n --width 640 --height 480 --framerate 30 --codec mjpeg -o -",
    "libcamera-vid -t 0 -n --width 640 --height 480 --framerate 30 --codec mjpeg -o -",
    # Any camera of Linux, such as one on USB
    "ffmpeg -loglevel error -f v4l2 -input_format mjpeg -video_size 640x480 -i /dev/video0 "
    "-c copy -f mjpeg -",
)


@dataclass(frozen=True)
class Frame:
    """A JPEG file, and when it came by the steady clock, in seconds."""

    data: bytes
    at: float


def command_for(given: str) -> list[str]:
    """The words of the command that is ``given``, or of the first known one that is installed.
    Raises `EdgeError`."""
    if given:
        return shlex.split(given)
    for known in _KNOWN:
        words = shlex.split(known)
        if shutil.which(words[0]):
            return words
    names = ", ".join(dict.fromkeys(shlex.split(known)[0] for known in _KNOWN))
    raise EdgeError(
        f"No command for a camera is installed ({names}). Install one, or name a command that "
        "writes JPEG files to its standard output: --camera 'COMMAND'.",
        "camera",
    )


class Camera:
    """Frames that nobody took in time are dropped: an answer is about what is seen now."""

    def __init__(self, process: "subprocess.Popen[bytes]", silent_s: float = _SILENT_S) -> None:
        self._process, self._silent_s = process, silent_s
        self._complaints: deque[bytes] = deque(maxlen=5)
        self._changed = threading.Condition()
        self._newest: Frame | None = None
        self._ended = False
        self._readers = [
            threading.Thread(target=read, daemon=True) for read in (self._read, self._listen)
        ]
        for reader in self._readers:
            reader.start()

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """The newest frame, each time that one is asked for, until ``stop`` or the stream's end.

        Raises `EdgeError` where the command fails, ends without a frame, or sends none for long.
        """
        count, seen = 0, time.monotonic()
        while not stop.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._newest or self._ended, timeout=0.2)
                frame, self._newest = self._newest, None
                ended = self._ended
            if frame:
                count, seen = count + 1, time.monotonic()
                yield frame
            elif ended:
                break
            elif time.monotonic() - seen > self._silent_s:
                raise EdgeError(
                    f"The camera's command has sent no frame for {self._silent_s:g} seconds "
                    f"({count:,} before). Try it in a shell: {self._command}",
                    "camera",
                )
        if not stop.is_set():
            self._check_end(count)

    def join(self) -> None:
        """Wait for the readers of a command that has ended."""
        for reader in self._readers:
            reader.join(timeout=5)

    def _check_end(self, count: int) -> None:
        code = self._process.wait()
        if code == 0 and count:
            return
        self._readers[1].join(timeout=1)
        said = b" ".join(self._complaints).decode(errors="replace").strip()
        raise EdgeError(
            f"The camera's command ended with code {code} after {count:,} frames"
            f"{f' ({said})' if said else ''}. Try it in a shell: {self._command}",
            "camera",
        )

    @property
    def _command(self) -> str:
        return shlex.join(map(str, self._process.args))  # type: ignore[arg-type]

    def _read(self) -> None:
        splitter, stream = Splitter(), self._process.stdout
        while piece := stream.read1(_PIECE) if stream else b"":  # type: ignore[attr-defined]
            for data in splitter.feed(piece):
                with self._changed:
                    self._newest = Frame(data, time.monotonic())
                    self._changed.notify()
        with self._changed:
            self._ended = True
            self._changed.notify()

    def _listen(self) -> None:
        for line in self._process.stderr or ():
            self._complaints.append(line.strip())


@contextmanager
def opened_camera(given: str) -> Iterator[Camera]:
    """A camera whose command ends with the block. Raises `EdgeError`."""
    words = command_for(given)
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A group of its own: a shell's children end with it, and Ctrl-C is the runner's alone.
            start_new_session=True,
        )
    except OSError as error:
        raise EdgeError(f"{words[0]}: {error.strerror or error}.", "camera") from error
    camera = Camera(process)
    # Closes the pipes, which the readers must have left by then.
    with process:
        try:
            yield camera
        finally:
            _signal(process, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=5)
            _signal(process, signal.SIGKILL)
            camera.join()


def _signal(process: "subprocess.Popen[bytes]", number: int) -> None:
    """To the command and all that it has started, which hold its pipes."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
