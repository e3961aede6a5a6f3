"""Decoding in a process of its own: whatever an image does to its decoder, the worker lives on.

`visionflow.images.containers` refuses what is known to cost too much. This wall needs no knowledge
of formats. A child process decodes, prepares and draws the thumbnail, so no pixels travel. It may
use a fixed amount of memory, and for each image a fixed amount of processor time: on a busy machine
an innocent image takes longer, and costs no more. A child that ends is replaced, and its image is
`ImageTooCostlyError`.

The child is forked, which takes 2 ms; a fresh interpreter takes 180. It closes what it inherited
and talks over one socket, so neither shared memory nor semaphores are needed, which Lambda lacks.
What it sends is never unpickled: a decoder that was taken over must not take over its worker.
macOS cannot fork safely and does not limit memory, so there a child is spawned, with the limits of
time alone.
"""

import gc
import hashlib
import json
import multiprocessing
import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from visionflow.errors import (
    EmptyImageError,
    ImageError,
    ImageTooCostlyError,
    ImageTooLargeError,
    PlatformError,
    TruncatedImageError,
    UnreadableImageError,
    VisionFlowError,
)
from visionflow.images.input_spec import InputSpec
from visionflow.images.limits import DEFAULT_LIMITS
from visionflow.images.pixels import THUMBNAIL_SIDE, UInt8Array

if TYPE_CHECKING:
    from visionflow.images import pipeline

Decode = Callable[[bytes, InputSpec], "pipeline.DecodedImage"]
Step = Callable[[str], AbstractContextManager[None]]

if sys.platform == "linux":
    _CONTEXT = multiprocessing.get_context("fork")
else:
    _CONTEXT = multiprocessing.get_context("spawn")
# How long a JSON text and a blob are that follow.
_HEADER = struct.Struct("!II")
_MOST_JSON = 65_536
_MOST_THUMBNAIL = 1_000_000
_SOCKET_BUFFER = 1_000_000
# The exit code of a child that Python or a library refused more memory.
_OUT_OF_MEMORY = 3

_ERRORS: dict[str, type[ImageError]] = {
    error.code: error
    for error in (
        EmptyImageError,
        ImageTooCostlyError,
        ImageTooLargeError,
        TruncatedImageError,
        UnreadableImageError,
    )
}


@dataclass(frozen=True)
class DecoderLimits:
    """What one image may use.

    ``memory``: bytes of address space beyond what the child has at its start; the largest image
    that `ImageLimits` let through takes nine tenths of it. ``processor_s``: seconds of processor
    time; that image takes about two, on half a processor four. ``wall_s``: seconds until an image
    counts as hung that uses no processor time.
    """

    memory: int = 1_000_000_000
    processor_s: float = 8.0
    wall_s: float = 20.0


DEFAULT_DECODER_LIMITS = DecoderLimits()


@dataclass(frozen=True, eq=False)
class PreparedImage:
    """What is needed of an image: the model's ``tensor`` [size, size, 3], the JPEG of its
    ``thumbnail``, its upright size in pixels, and the hash of its bytes."""

    tensor: UInt8Array
    thumbnail: bytes
    width: int
    height: int
    sha256: str

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height


class _AbsentError(Exception):
    """A child has ended, or was never there, before it was asked anything."""


def _untimed(_: str) -> AbstractContextManager[None]:
    return nullcontext()


class Decoder:
    """Keeps a child ready, and one more for each thread that decodes at the same time."""

    def __init__(
        self, limits: DecoderLimits = DEFAULT_DECODER_LIMITS, decode: Decode | None = None
    ) -> None:
        """Starts the first child. ``decode`` runs in the children, by default the pipeline's."""
        self._limits = limits
        self._decode = decode
        self._idle = [_Child(limits, decode)]
        self._owner = os.getpid()

    def prepare(
        self,
        data: bytes,
        spec: InputSpec,
        step: Step = _untimed,
        *,
        thumbnail: int = THUMBNAIL_SIDE,
    ) -> PreparedImage:
        """Decode an image for a model of ``spec``, under the steps "decode" and "prepare".

        ``thumbnail``: pixels of its longer side at most; 0 draws none.

        An image is judged by a child of its own: if it ends one that has seen others, it is tried
        once more, because what those left behind is not its fault.

        Raises an `ImageError`, `ImageTooCostlyError` among them, or `PlatformError` where no child
        starts.
        """
        DEFAULT_LIMITS.check_bytes(len(data))
        if os.getpid() != self._owner:  # a process that was forked has children of its own
            self._idle, self._owner = [], os.getpid()
        while True:
            fresh = not self._idle
            child = _Child(self._limits, self._decode) if fresh else self._idle.pop()
            used = child.used
            try:
                with step("decode"):
                    child.ask(data, spec, thumbnail)
                    # While the child decodes.
                    sha256 = hashlib.sha256(data).hexdigest()
                    (width, height), _ = child.hear()
                with step("prepare"):
                    _, made = child.hear(3 * spec.size**2 + _MOST_THUMBNAIL)
            except _AbsentError as error:
                child.end()
                if fresh:
                    raise PlatformError("The image decoder does not start; try again.") from error
            except VisionFlowError:
                self._idle.append(child)
                raise
            except (OSError, EOFError, ValueError) as error:
                late, code = isinstance(error, TimeoutError), child.end()
                if used and not late and code != -signal.SIGPROF:
                    continue
                raise ImageTooCostlyError(self._reason(late, code)) from error
            else:
                self._idle.append(child)
                tensor = np.frombuffer(made, np.uint8, 3 * spec.size**2)
                square = tensor.reshape(spec.size, spec.size, 3)
                return PreparedImage(square, made[tensor.size :], width, height, sha256)

    def close(self) -> None:
        """End the children that are idle."""
        while self._idle:
            self._idle.pop().end()

    def _reason(self, late: bool, code: int | None) -> str:
        limits = self._limits
        if late:
            return f"The image was not decoded within {limits.wall_s:g} s."
        if code == -signal.SIGPROF:
            return f"Decoding the image takes more than {limits.processor_s:g} s of processor time."
        if code == _OUT_OF_MEMORY:
            return f"Decoding the image takes more than {limits.memory / 1e6:,.0f} MB of memory."
        return f"The image ended its decoder (exit code {code})."


@lru_cache
def process_decoder() -> Decoder:
    """The decoder that everything in this process shares."""
    return Decoder()


class _Child:
    """A process that decodes one image after the other, and this end of the socket to it."""

    def __init__(self, limits: DecoderLimits, decode: Decode | None) -> None:
        self.used = False
        self._socket, theirs = socket.socketpair()
        for end in (self._socket, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BUFFER)
        self._socket.settimeout(limits.wall_s)
        self._process = _CONTEXT.Process(
            target=_serve, args=(theirs, limits, decode), name="decoder", daemon=True
        )
        with theirs:
            self._process.start()

    def ask(self, data: bytes, spec: InputSpec, thumbnail: int) -> None:
        """Raises `_AbsentError` when the child is not there."""
        try:
            if not self.used and not self._socket.recv(1):
                raise _AbsentError
            _send(self._socket, {"input": vars(spec), "thumbnail": thumbnail}, data)
        except OSError as error:
            raise _AbsentError from error
        self.used = True

    def hear(self, most: int = 0) -> tuple[Any, bytes]:
        """What the child says next, with at most so many bytes. Raises an `ImageError` that it
        reports, and `OSError`, `EOFError` or `ValueError` for a child that answers nothing, or not
        as agreed."""
        said, made = _receive(self._socket, most)
        if "error" in said:
            raise _ERRORS.get(said["error"], VisionFlowError)(said["message"])
        return said.get("size"), made

    def end(self) -> int | None:
        """End the process, if it is still there, and return its exit code."""
        self._socket.close()
        self._process.kill()  # changes nothing for one that is ending already
        self._process.join()
        return self._process.exitcode


def _send(end: socket.socket, said: dict[str, Any], *blobs: bytes) -> None:
    text = json.dumps(said).encode()
    end.sendall(_HEADER.pack(len(text), sum(map(len, blobs))) + text)
    for blob in blobs:
        end.sendall(blob)


def _receive(end: socket.socket, most: int) -> tuple[Any, bytes]:
    """Raises `EOFError` where nothing more comes, and `ValueError` for more than was agreed."""
    text_bytes, blob_bytes = _HEADER.unpack(_exactly(end, _HEADER.size))
    if text_bytes > _MOST_JSON or blob_bytes > most:
        raise ValueError("a longer message than agreed")
    return json.loads(_exactly(end, text_bytes)), _exactly(end, blob_bytes)


def _exactly(end: socket.socket, count: int) -> bytes:
    # Where a socket has no time-out, which is the child's end, one call reads all and copies once.
    found = end.recv(count, socket.MSG_WAITALL) if count else b""
    parts = [found]
    while (count := count - len(found)) > 0:
        found = end.recv(count)
        if not found:
            raise EOFError
        parts.append(found)
    return b"".join(parts)


def _serve(end: socket.socket, limits: DecoderLimits, decode: Decode | None) -> None:
    """What the child does until its parent closes the socket."""
    # Imported here, beside what the parent does meanwhile: it needs no decoder.
    from PIL import Image  # noqa: PLC0415

    from visionflow.images import pipeline  # noqa: PLC0415

    Image.preinit()  # the plugins of what is sent most, which the first image would wait for
    decode = decode or pipeline.decode
    try:
        _shut_in(end, limits.memory)
        end.sendall(b"\0")
        while True:
            request, data = _receive(end, DEFAULT_LIMITS.max_bytes)
            signal.setitimer(signal.ITIMER_PROF, limits.processor_s)
            answer = _answer(end, request, data, decode)
            # Before the answer, or it might end a child that has the next image.
            signal.setitimer(signal.ITIMER_PROF, 0)
            _send(end, *answer)
    except (EOFError, OSError):
        os._exit(0)
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)
    except BaseException as error:  # Python's own end would flush what the parent has buffered
        os.write(2, f"the decoder ends: {error!r}\n".encode())
        os._exit(1)


def _shut_in(end: socket.socket, memory: int) -> None:
    """Let go of what was inherited, and take the limits on."""
    for number in (signal.SIGTERM, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to end
    if _CONTEXT.get_start_method() == "fork":
        gc.freeze()  # what the parent had open is closed here once, and not by its objects again
        os.closerange(3, end.fileno())
        os.closerange(end.fileno() + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (mapped + memory, mapped + memory))


def _answer(
    end: socket.socket, request: Any, data: bytes, decode: Decode
) -> tuple[dict[str, Any], *tuple[bytes, ...]]:
    """Say how large the image is when it is decoded, and return what is to be said at last."""
    from visionflow.images import pipeline  # noqa: PLC0415

    try:
        spec = InputSpec(**request["input"])
        image = decode(data, spec)
        _send(end, {"size": image.size})
        tensor = pipeline.prepare(image, spec).tobytes()
        side = int(request["thumbnail"])
        thumbnail = pipeline.thumbnail(image, side) if side else b""
    except MemoryError:
        raise
    except ImageError as error:
        return ({"error": error.code, "message": str(error)[:1000]},)
    except Exception as error:
        # A fault of this code, not of the image: the parent raises it as one.
        return ({"error": VisionFlowError.code, "message": repr(error)[:1000]},)
    return {}, tensor, thumbnail
