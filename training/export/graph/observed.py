"""What a graph's activations are on calibration images: ranges, distributions, means."""

import copy
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
import onnx

from training.data.image_set import in_batches
from training.data.threads import in_order
from training.errors import TrainingError
from training.export.graph.ranges import BINS, SMALLEST, Histogram, Range, RangeRule, choose_range
from training.stop import check_stop
from visionflow.answers.session import open_session
from visionflow.images.pipeline import UInt8Array

Values = npt.NDArray[np.float32]

# Each image gives thousands of values of every activation: these are enough for a histogram.
HISTOGRAM_IMAGES = 64


class ObservedActivations:
    """The float tensors ``names`` of ``model`` over the images [N, H, W, 3].

    The images are run when something is first asked for, some of them a second time for the
    ranges that need histograms.
    """

    def __init__(
        self,
        model: onnx.ModelProto,
        names: Collection[str],
        averaged: Collection[str],
        images: UInt8Array,
    ) -> None:
        """``averaged``: those of ``names`` of which `means` are asked for."""
        self._model = model
        self._names = sorted(names)
        self._averaged = set(averaged)
        self._images = images

    def ranges(self, calibration: RangeRule) -> dict[str, Range]:
        """The range of each tensor. Raises `TrainingError` where one is not finite."""
        extremes, _ = self._observed
        if calibration == "min-max":
            return extremes
        return {name: choose_range(h, calibration) for name, h in self._histograms.items()}

    def means(self) -> dict[str, Values]:
        """Of each averaged tensor [1, C, h, w] its mean over the images, of the same shape."""
        return self._observed[1]

    @cached_property
    def _observed(self) -> tuple[dict[str, Range], dict[str, Values]]:
        low, high = (np.full(len(self._names), sign * np.inf) for sign in (1, -1))
        finite = np.ones(len(self._names), np.bool_)
        sums: dict[str, Values] = {}
        rows: dict[str, int] = {}
        averaged = sorted(self._averaged)
        model, outputs = _reduced(self._model, self._names, averaged)
        for values in _run(model, outputs, in_batches(self._images)):
            least, most, totals = np.array(values[: 3 * len(self._names)]).reshape(3, -1)
            low, high = np.minimum(low, least), np.maximum(high, most)
            # A number that is none may be neither the least nor the largest; a sum shows it.
            finite &= np.isfinite([least, most, totals]).all(axis=0)
            of_places = iter(values[3 * len(self._names) :])
            for name, total, shape in zip(averaged, of_places, of_places, strict=True):
                sums[name] = sums[name] + total if name in sums else total
                rows[name] = rows.get(name, 0) + int(shape[0])
        if not finite.all():
            raise TrainingError(
                f"The network's activation {self._names[int(finite.argmin())]} is not finite on "
                "training images: its weights are of no use. Train again with a lower learning "
                "rate."
            )
        extremes = zip(self._names, zip(low.tolist(), high.tolist(), strict=True), strict=True)
        means = {name: total / np.float32(rows[name]) for name, total in sums.items()}
        return dict(extremes), means

    @cached_property
    def _histograms(self) -> dict[str, Histogram]:
        extremes, _ = self._observed
        counts = {name: np.zeros(BINS, np.int64) for name in self._names}
        # One by one: all tensors of all images of a batch would be kept until its end.
        images = (image[None] for image in self._images[:HISTOGRAM_IMAGES])
        for values in _run(_with_outputs(self._model, self._names), self._names, images):
            for name, value in zip(self._names, values, strict=True):
                low, high = extremes[name]
                scale = np.float32(BINS / max(high - low, SMALLEST))
                bins = ((value.ravel() - np.float32(low)) * scale).astype(np.int32)
                counts[name] += np.bincount(bins.clip(0, BINS - 1), minlength=BINS)
        return {name: Histogram(*extremes[name], counts[name]) for name in self._names}


def _reduced(
    model: onnx.ModelProto, names: Sequence[str], averaged: Sequence[str]
) -> tuple[onnx.ModelProto, list[str]]:
    """``model`` with other outputs, and their names: of each of ``names`` the least, the largest
    and the sum of all values, then of each of ``averaged`` the sums over the images, [1, C, h, w],
    and its shape.

    Fetched whole, the tensors of an image took several times as long as computing them.
    """
    axis = onnx.numpy_helper.from_array(np.zeros(1, np.int64), "observed.axis")
    none = onnx.numpy_helper.from_array(np.zeros(0, np.int64), "observed.all")
    nodes = []
    for kind, inputs in (("ReduceMin", ()), ("ReduceMax", ()), ("ReduceSum", (none.name,))):
        nodes += [
            onnx.helper.make_node(kind, [name, *inputs], [f"{name}.{kind}"], keepdims=0)
            for name in names
        ]
    for name in averaged:
        summed, shape = f"{name}.places", f"{name}.shape"
        nodes.append(onnx.helper.make_node("ReduceSum", [name, axis.name], [summed]))
        nodes.append(onnx.helper.make_node("Shape", [name], [shape]))
    outputs = [node.output[0] for node in nodes]
    changed = _with_outputs(model, outputs, shapes={f"{name}.shape" for name in averaged})
    changed.graph.initializer.extend([axis, none])
    changed.graph.node.extend(nodes)
    return changed, outputs


def _with_outputs(
    model: onnx.ModelProto, names: Sequence[str], shapes: Collection[str] = ()
) -> onnx.ModelProto:
    """A copy of ``model`` whose outputs are ``names``: floats, but for ``shapes``."""
    changed = copy.deepcopy(model)
    del changed.graph.output[:]
    changed.graph.output.extend(
        onnx.helper.make_tensor_value_info(
            name, onnx.TensorProto.INT64 if name in shapes else onnx.TensorProto.FLOAT, None
        )
        for name in names
    )
    return changed


def _run(
    model: onnx.ModelProto, outputs: Sequence[str], batches: Iterable[UInt8Array]
) -> Iterator[list[Values]]:
    """``outputs`` of ``model`` for each of ``batches``, a batch on each core."""
    session = open_session(model.SerializeToString(), threads=1)

    def of(batch: UInt8Array) -> list[Values]:
        check_stop()
        values: list[Values] = session.run(list(outputs), {"image": batch})
        return values

    return in_order(of, batches, os.cpu_count() or 1)
