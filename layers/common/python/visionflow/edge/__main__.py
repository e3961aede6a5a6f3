"""``python -m visionflow.edge``: classify on this device, offline, by the functions' own code."""

import argparse
import json
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from visionflow.edge.errors import EdgeError

FAILED, USAGE = 1, 2
# For what waits when the files are done, or when the runner is asked to end.
_LAST_SENDING_S = 30.0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise EdgeError(f"{message.rstrip('.')}. See '{self.prog} --help'.", "usage")


def parser() -> argparse.ArgumentParser:
    found = _Parser(
        prog="python -m visionflow.edge",
        description="Classify images on this device with the onnx folder of 'visionflow "
        "export-edge', and write one line of JSON for each.",
        epilog="Exit codes: 0 done, 1 it or an image failed, 2 wrong arguments, 130 and 143 ended "
        "by Ctrl-C and SIGTERM. An error is the last line of stderr.",
        allow_abbrev=False,
    )
    found.add_argument("model", type=Path, metavar="MODEL", help="folder that was exported")
    found.add_argument(
        "files", type=Path, nargs="*", metavar="FILE", help="images, or folders of images"
    )
    found.add_argument(
        "--watch", type=Path, metavar="FOLDER", help="classify what lies and arrives in a folder"
    )
    found.add_argument(
        "--camera",
        nargs="?",
        const="",
        metavar="COMMAND",
        help="classify the newest frame of a camera: of a command that writes JPEG files to its "
        "stdout (default: rpicam-vid or ffmpeg)",
    )
    found.add_argument(
        "--every",
        type=_seconds,
        default=1.0,
        metavar="SECONDS",
        help="of a camera: a line at least so often; what changes has one at once (default: 1)",
    )
    found.add_argument("--out", type=Path, metavar="FILE", help="append to a file, not to stdout")
    found.add_argument(
        "--journal",
        type=Path,
        metavar="FILE",
        help="what was done (default: .visionflow-edge.db in the watched folder, else in the "
        "current one)",
    )
    found.add_argument("--sync", metavar="URL", help="send records to the API of a stage")
    found.add_argument(
        "--key",
        type=Path,
        metavar="FILE",
        help="file with the API key, of scope predict (default: $VISIONFLOW_API_KEY)",
    )
    found.add_argument(
        "--send-images",
        choices=("none", "uncertain", "all"),
        default="none",
        help="with --sync: which images go along (default: none)",
    )
    return found


def _seconds(text: str) -> float:
    if not 0 < (seconds := float(text)) < 1e6:
        raise ValueError
    return seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Run once; returns the exit code."""
    # NumPy's own threads would stand in the way of those that each answer an image.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        return _run(_checked(parser().parse_args(arguments)))
    except EdgeError as error:
        return _tell(error.code, str(error))
    except KeyboardInterrupt:
        # Asked twice, or before there was anything to end.
        return 128 + signal.SIGINT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        known = _known(error)
        if known is None:
            raise
        return _tell(*known)


def _known(error: Exception) -> tuple[str, str] | None:
    from visionflow.errors import VisionFlowError  # noqa: PLC0415

    if isinstance(error, VisionFlowError):
        return error.code, str(error)
    if isinstance(error, ModuleNotFoundError) and error.name in ("numpy", "onnxruntime", "PIL"):
        return (
            "not_installed",
            f"{error.name} is not installed; 'pip install onnxruntime pillow' installs it.",
        )
    if isinstance(error, sqlite3.Error):
        return "journal", f"The journal fails ({error}); is the disk full?"
    if isinstance(error, OSError):
        place = f"{os.fsdecode(error.filename)}: " if error.filename else ""
        return "file", f"{place}{error.strerror or error}."
    client = sys.modules.get("visionflow.client.errors")
    if client and isinstance(error, client.ApiError):
        return error.code, str(error)
    return None


def _tell(code: str, sentence: str) -> int:
    document = {"error": {"code": code, "message": sentence}}
    print(json.dumps(document, ensure_ascii=False), file=sys.stderr, flush=True)
    return USAGE if code == "usage" else FAILED


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _checked(given: argparse.Namespace) -> argparse.Namespace:
    """Raises `EdgeError` for options that do not go together."""
    ways = [bool(given.files), given.watch is not None, given.camera is not None]
    if sum(ways) != 1:
        raise EdgeError("Name FILES, or one of --watch and --camera.", "usage")
    if given.sync is None and (given.key or given.send_images != "none"):
        raise EdgeError("--key and --send-images need --sync URL.", "usage")
    return given


def _run(given: argparse.Namespace) -> int:
    from visionflow.edge.answering import Answering  # noqa: PLC0415  takes NumPy and Pillow
    from visionflow.edge.folder import WatchedFolder, listed  # noqa: PLC0415
    from visionflow.edge.journal import Journal  # noqa: PLC0415
    from visionflow.edge.lines import LineFile, Printed  # noqa: PLC0415
    from visionflow.edge.run import CameraRun, FileRun, Sync, Telling, journal_of  # noqa: PLC0415
    from visionflow.edge.sending import Sender, connect  # noqa: PLC0415

    # Before anything is opened: a wrong folder or URL is told at once.
    watched = WatchedFolder(given.watch) if given.watch else None
    connection = connect(given.sync, _key(given.key)) if given.sync else None
    answering = Answering(given.model)
    kept = bool(watched or given.sync or given.journal)
    place = given.journal or journal_of(given.watch or Path())
    journal = Journal(place if kept else None)
    journal.forget_gone()
    lines = LineFile(given.out) if given.out else Printed(sys.stdout)
    sync = Sync(connection is not None, given.send_images)
    sender = Sender(journal, connection, _say) if connection else None
    if sender:
        sender.start()
    failed = 0
    with _until_signal() as ended:
        try:
            told = Telling(journal, lines)
            if given.camera is not None:
                from visionflow.edge.camera import opened_camera  # noqa: PLC0415

                with opened_camera(given.camera) as camera:
                    CameraRun(answering, journal, told, sync, given.every).watch(camera, ended.stop)
            else:
                run = FileRun(answering, journal, told, sync)
                if watched:
                    run.watch(watched, ended.stop)
                else:
                    run.once(listed(given.files), ended.stop)
                    failed = run.failed
        finally:
            if sender:
                sender.finish(_LAST_SENDING_S)
                _say_waiting(journal.counts().get("waiting", 0))
            lines.close()
            journal.close()
    return ended.code or (FAILED if failed else 0)


def _say_waiting(count: int) -> None:
    if count:
        _say(f"Records that wait for the next run with --sync: {count:,}.")


def _key(file: Path | None) -> str | None:
    """Raises `EdgeError` for a file that holds none, before anything waits for it."""
    if file is None:
        return None
    key = file.read_bytes().decode("ascii", "replace").strip()
    if not key or not key.isascii() or len(key.split()) > 1:
        raise EdgeError(f"{file}: holds no API key.", "file")
    return key


class _Ended:
    """That a signal asked for the end, and the exit code for it."""

    def __init__(self) -> None:
        self.stop, self.code = threading.Event(), 0

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        if self.stop.is_set():
            # Asked twice: whoever asks does not want to wait for the network.
            raise KeyboardInterrupt
        self.code = 128 + number
        self.stop.set()


@contextmanager
def _until_signal() -> Iterator[_Ended]:
    ended = _Ended()
    before = {}
    with suppress(ValueError):  # not the main thread, as in a test
        before = {one: signal.signal(one, ended) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ended
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


if __name__ == "__main__":
    sys.exit(main())
