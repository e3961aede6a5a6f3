"""Classify images: python example.py IMAGE...  One line of JSON for each."""

import json
import sys

import numpy as np
import onnxruntime
from answer import HERE, MODEL, answer
from PIL import Image, ImageOps

# --- the runtime
session = onnxruntime.InferenceSession(HERE / MODEL["file"], providers=["CPUExecutionProvider"])


def run(image):
    """Logits [C] and embedding [F] of uint8 [1, size, size, 3]."""
    logits, embedding = session.run(["logits", "embedding"], {"image": image})
    return logits[0], embedding[0]


# --- the image
def prepared(file):
    """uint8 [1, size, size, 3]: upright RGB, cut out of the middle and scaled in one step."""
    spec, image = MODEL["input"], ImageOps.exif_transpose(Image.open(file))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    image = image.convert("RGB")
    side = min(image.size) * spec["size"] / spec["resize"]
    left, top = (image.width - side) / 2, (image.height - side) / 2
    method = Image.Resampling[spec["interpolation"].upper()]
    box = (left, top, left + side, top + side)
    return np.asarray(image.resize((spec["size"], spec["size"]), method, box))[None]


for file in sys.argv[1:]:
    tensor = prepared(file)
    print(json.dumps({"file": file, **answer(tensor, *run(tensor))}, ensure_ascii=False))
