"""The loop that one would write: open, turn, resize, run, print. It has the model's input right,
and knows no parents, no unknown, no journal and no bad images.

python photo_loop.py MODEL_FOLDER PHOTOS --out FILE
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps


def main(model: Path, photos: Path, out: Path) -> None:
    manifest = json.loads((model / "manifest.json").read_text(encoding="utf-8"))
    labels = [label["name"] for label in manifest["labels"]]
    spec = manifest["input"]
    file = model / manifest["files"][manifest["precision"]]["path"]
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    with out.open("w", encoding="utf-8") as lines:
        for path in sorted(photos.iterdir()):
            image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
            side = min(image.size) * spec["size"] / spec["resize"]
            left, top = (image.width - side) / 2, (image.height - side) / 2
            box = (left, top, left + side, top + side)
            small = image.resize((spec["size"],) * 2, Image.Resampling.BICUBIC, box)
            (logits,) = session.run(["logits"], {"image": np.asarray(small)[None]})
            shares = np.exp((logits[0] - logits.max()) / manifest["temperature"])
            best = int(shares.argmax())
            answer = {
                "file": path.name,
                "label": labels[best],
                "confidence": float(shares[best] / shares.sum()),
            }
            lines.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[4]))
