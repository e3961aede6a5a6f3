"""What pixels are to the code that does not decode them."""

import numpy as np
import numpy.typing as npt

UInt8Array = npt.NDArray[np.uint8]

THUMBNAIL_SIDE = 256
"""Pixels of the longer side of a thumbnail, at most."""
