"""The one place that opens a model: an ONNX Runtime session."""

from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any

from visionflow.errors import ArtifactError


def open_session(model: bytes | Path, threads: int) -> Any:
    """A session on ``model`` (a path, or a file's bytes) with ``threads`` threads.

    Raises `ArtifactError` when ``model`` is not a model.
    """
    # Imported here so that records and manifests can be read without ONNX Runtime.
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Spinning burns the vCPU share of a Lambda that is billed by time.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    source = model if isinstance(model, bytes) else str(model)
    try:
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # ONNX Runtime raises classes of its own, one for each of its status codes.
        raise ArtifactError(f"ONNX Runtime cannot open the model ({error})") from error


def begin_import() -> None:
    """Import ONNX Runtime beside other work, such as waiting for the network. To be called when
    nothing will be forked soon: a child would inherit the lock of a half import."""
    Thread(target=import_module, args=("onnxruntime",), daemon=True).start()


def run_options() -> Any:
    """What a run is stopped by."""
    import onnxruntime  # noqa: PLC0415

    return onnxruntime.RunOptions()
