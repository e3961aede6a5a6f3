"""What a graph's activations are on calibration images: ranges, distributions, means."""

import copy
import os
from collections.abc import Collection, Iterator
from functools import cached_property

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

from training.errors import TrainingError
from training.export.graph.ranges import BINS, SMALLEST, Histogram, Range, RangeRule, choose_range
from training.stop import check_stop
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
        sums: dict[str, Values] = {}
        for values in self._run(self._images):
            low = np.minimum(low, [value.min() for value in values])
            high = np.maximum(high, [value.max() for value in values])
            for name, value in zip(self._names, values, strict=True):
                if name in sums:
                    sums[name] += value
                elif name in self._averaged:
                    sums[name] = value
        finite = np.isfinite(low) & np.isfinite(high)
        if not finite.all():
            raise TrainingError(
                f"The network's activation {self._names[int(finite.argmin())]} is not finite on "
                "training images: its weights are of no use. Train again with a lower learning "
                "rate."
            )
        extremes = zip(self._names, zip(low.tolist(), high.tolist(), strict=True), strict=True)
        count = np.float32(len(self._images))
        return dict(extremes), {name: total / count for name, total in sums.items()}

    @cached_property
    def _histograms(self) -> dict[str, Histogram]:
        extremes, _ = self._observed
        counts = {name: np.zeros(BINS, np.int64) for name in self._names}
        for values in self._run(self._images[:HISTOGRAM_IMAGES]):
            for name, value in zip(self._names, values, strict=True):
                low, high = extremes[name]
                scale = np.float32(BINS / max(high - low, SMALLEST))
                bins = ((value.ravel() - np.float32(low)) * scale).astype(np.int32)
                counts[name] += np.bincount(bins.clip(0, BINS - 1), minlength=BINS)
        return {name: Histogram(*extremes[name], counts[name]) for name in self._names}

    def _run(self, images: UInt8Array) -> Iterator[list[Values]]:
        """The tensors of one image after the other, in the order of the names.

        Larger batches are slower: all tensors of all their images are kept until the end.
        """
        model = copy.deepcopy(self._model)
        del model.graph.output[:]
        model.graph.output.extend(
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
            for name in self._names
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = os.cpu_count() or 1
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        for image in images:
            check_stop()
            yield session.run(self._names, {"image": image[None]})
