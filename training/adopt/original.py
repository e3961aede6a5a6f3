"""The file as its author runs it: what the adopted graph must reproduce."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, TensorProto, helper

from training.adopt.anatomy import Anatomy, FloatArray, head_nodes, session_for
from training.adopt.foreign import Foreign, image_input
from training.adopt.pixels import Pixels
from training.data.image_set import in_batches
from training.export.gate_checks import COMPARED_MAPS, Outputs, collect
from training.export.graph.rewrites import drop_unused_weights
from visionflow.images.pipeline import UInt8Array


class ForeignNetwork:
    """Runs the unchanged file in batches that it takes, its preprocessing outside."""

    def __init__(self, foreign: Foreign, anatomy: Anatomy, threads: int) -> None:
        self._foreign, self._anatomy = foreign, anatomy
        names = [anatomy.logits, anatomy.embedding, anatomy.scored]
        names += [anatomy.map.features] if anatomy.map else []
        self._names = list(dict.fromkeys(name for name in names if name))
        model = ModelProto()
        model.CopyFrom(foreign.model)
        if not {name for node in model.graph.node for name in node.output}.issuperset(self._names):
            # Simplifying may join nodes and name what comes out of them anew.
            model.CopyFrom(foreign.simple)
        self._input = image_input(model).name
        self._session = session_for(model, self._names, threads)
        self._head: Any = None
        if anatomy.map is not None and anatomy.scored is None:
            self._head = _head_session(foreign.simple, anatomy, threads)

    def logits(self, images: UInt8Array, pixels: Pixels) -> FloatArray:
        """[N, C]."""
        return self._run(images, pixels)[self._anatomy.logits].reshape(len(images), -1)

    def outputs(self, images: UInt8Array, pixels: Pixels) -> Outputs:
        """As the contract names them, with the maps of the first `COMPARED_MAPS` images."""
        return collect(self._batches(images, pixels))

    def _batches(self, images: UInt8Array, pixels: Pixels) -> Iterator[tuple[FloatArray, ...]]:
        left = COMPARED_MAPS
        for batch in in_batches(images):
            found = self._run(batch, pixels)
            embedding = found[self._anatomy.embedding]
            if self._anatomy.scored is not None:
                embedding = embedding.mean(axis=(2, 3))
            logits = found[self._anatomy.logits].reshape(len(batch), -1)
            yield logits, embedding.reshape(len(batch), -1), self._cam(found, min(left, len(batch)))
            left = max(left - len(batch), 0)

    def _run(self, images: UInt8Array, pixels: Pixels) -> dict[str, FloatArray]:
        ready: npt.NDArray[Any] = images
        if not self._foreign.takes_bytes:
            ready = pixels.prepared(images)
        if not self._foreign.channels_last:
            ready = ready.transpose(0, 3, 1, 2)
        found = _in_turns(self._session, self._input, ready, self._foreign.batch)
        return dict(zip(self._names, found, strict=True))

    def _cam(self, found: dict[str, FloatArray], count: int) -> FloatArray:
        """[count, C, h, w], of a head behind the pooling by running it on each location."""
        anatomy, classes = self._anatomy, self._anatomy.classes
        if anatomy.map is None:
            return np.zeros((count, classes, 0, 0), np.float32)
        if anatomy.scored is not None:
            return found[anatomy.scored][:count]
        maps = found[anatomy.map.features][:count]
        if not anatomy.map.channels_last:
            maps = maps.transpose(0, 2, 3, 1)
        rows = maps.reshape(-1, *found[anatomy.embedding].shape[1:])
        (scores,) = _in_turns(self._head, anatomy.embedding, rows, None)
        return scores.reshape(*maps.shape[:3], classes).transpose(0, 3, 1, 2)


def _head_session(model: ModelProto, anatomy: Anatomy, threads: int) -> Any:
    """From the embedding to the logits alone."""
    head = ModelProto()
    head.CopyFrom(model)
    nodes = head_nodes(model, anatomy.embedding, anatomy.logits)
    del head.graph.node[:]
    head.graph.node.extend(nodes)
    del head.graph.input[:]
    head.graph.input.append(
        helper.make_tensor_value_info(anatomy.embedding, TensorProto.FLOAT, None)
    )
    del head.graph.value_info[:]
    drop_unused_weights(head)
    return session_for(head, [anatomy.logits], threads)


def _in_turns(
    session: Any, name: str, rows: npt.NDArray[Any], batch: int | None
) -> list[FloatArray]:
    """All outputs for ``rows`` [N, ...], ``batch`` of them at a time, the last ones filled up."""
    rows = np.ascontiguousarray(rows)
    if batch is None:
        found: list[FloatArray] = session.run(None, {name: rows})
        return found
    parts = []
    for start in range(0, len(rows), batch):
        turn = rows[start : start + batch]
        filled = np.concatenate([turn, np.repeat(turn[-1:], batch - len(turn), axis=0)])
        parts.append([output[: len(turn)] for output in session.run(None, {name: filled})])
    return [np.concatenate(each) for each in zip(*parts, strict=True)]
