"""Many small images in one file, so that a page loads them with one request."""

import io
import math

from PIL import Image

from training.data.listing import Int64Array
from visionflow.images.pipeline import UInt8Array

MAP_IMAGES_FILE = "plots/embedding_map_images.jpg"
"""In an artifact: the images behind the points of `EmbeddingMap`, in their order."""

TILE_SIDE = 64
_QUALITY = 75


def sprite_sheet(images: UInt8Array, chosen: Int64Array) -> bytes:
    """A JPEG of ``images`` (uint8 RGB [N, size, size, 3]) at the indices ``chosen`` [M], M above 0.

    Row by row from the top left, in ``ceil(sqrt(M))`` columns and as many rows as it takes; a tile
    has `TILE_SIDE` pixels, or as few as the images have.
    """
    count, size = len(chosen), images.shape[1]
    side = min(size, TILE_SIDE)
    columns = math.ceil(math.sqrt(count))
    sheet = Image.new("RGB", (columns * side, math.ceil(count / columns) * side))
    for place, index in enumerate(chosen):
        row, column = divmod(place, columns)
        tile = Image.fromarray(images[index]).resize((side, side), Image.Resampling.BOX)
        sheet.paste(tile, (column * side, row * side))
    content = io.BytesIO()
    sheet.save(content, "JPEG", quality=_QUALITY, optimize=True)
    return content.getvalue()
