"""The numbers of a tensor in int8, as both formats have them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]
_UINT8_SHIFT = 128


@dataclass(frozen=True, eq=False)
class Scale:
    """``value = scales * (number - zeros)``; one of each, or one for each index of ``axis``."""

    scales: npt.NDArray[np.float32]
    zeros: npt.NDArray[np.int64]
    axis: int = 0

    @classmethod
    def of(cls, scale: Array, zero: Array, axis: int = 0) -> "Scale":
        """From ONNX's scale and zero point, for numbers in int8 or int32: those of uint8 move by
        128, which changes no value."""
        shift = _UINT8_SHIFT if zero.dtype == np.uint8 else 0
        zeros = np.atleast_1d(zero).astype(np.int64) - shift
        return cls(np.atleast_1d(scale).astype(np.float32), zeros, axis)

    def unsigned(self) -> "Scale":
        """Of the same values in uint8."""
        return Scale(self.scales, self.zeros + _UINT8_SHIFT, self.axis)

    def same_as(self, other: "Scale") -> bool:
        return np.array_equal(self.scales, other.scales) and np.array_equal(self.zeros, other.zeros)


def signed(numbers: Array) -> Array:
    """uint8 as the int8 that stands for the same value under `Scale.of`."""
    if numbers.dtype != np.uint8:
        return numbers
    return (numbers.astype(np.int16) - _UINT8_SHIFT).astype(np.int8)
