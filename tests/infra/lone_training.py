"""Trains on a few images of all formats, as the function `instant` does, and prints the results.

Run by test_training_layer.py, which lets it import the function's code and layer alone.
"""

import hashlib
import io
import json
import resource
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms
from pillow_heif import from_pillow

from lambdas.instant import handler
from lambdas.instant.training_set import divided
from training.data.grouping.scene_features import Float32Array
from visionflow.answers.embedder import Embedder
from visionflow.datasets.record import Part, VersionImage
from visionflow.images.pipeline import load
from visionflow.models.manifest import read_artifact
from visionflow.models.trial import try_out
from visionflow_starter import STARTER

# t-SNE needs 20 images.
PARTS: tuple[tuple[Part, int], ...] = (("train", 6), ("validation", 6), ("test", 10))
COLOURS = {"green": (30, 190, 40), "red": (200, 30, 30)}
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
FORMATS = ("BMP", "CMYK", "GIF", "HEIF", "JPEG", "PNG", "TIFF", "WEBP")


def encoded(image: Image.Image, file_format: str) -> bytes:
    buffer = io.BytesIO()
    if file_format == "HEIF":
        from_pillow(image).save(buffer)
    elif file_format == "CMYK":
        image.convert("CMYK").save(buffer, "JPEG")
    else:
        image.save(buffer, file_format, icc_profile=PROFILE)
    return buffer.getvalue()


def main(work: Path) -> None:
    embedder, random = Embedder(STARTER), np.random.default_rng(0)
    config = handler.config_of("tiny", "1")
    images, vectors = [], {}
    for label, colour in COLOURS.items():
        (work / "images" / label).mkdir(parents=True)
        parts: list[Part] = [part for part, count in PARTS for _ in range(count)]
        for number, part in enumerate(parts):
            pixels = np.clip(colour + random.normal(0, 40, (224, 224, 3)), 0, 255)
            image = Image.fromarray(pixels.astype(np.uint8))
            data = encoded(image, FORMATS[number % len(FORMATS)])
            sha256 = hashlib.sha256(data).hexdigest()
            (work / "images" / label / sha256).write_bytes(data)
            images.append(
                VersionImage(
                    sha256=sha256,
                    label=label,
                    part=part,
                    group=None,
                    source="test",
                    added_by="test",
                    added_at="2026-01-01T00:00:00Z",
                )
            )
            vectors[sha256] = embedder.embed(load(data, config.input)[None])[0]
    data_set = divided(images, config, work / "images", {})
    embeddings: dict[str, Float32Array] = {
        part: np.stack([vectors[sha256] for sha256 in data_set.splits.parts[part].hashes])
        for part, _ in PARTS
    }
    report = handler.train(
        config, data_set, embeddings, work / "model", lambda: None, with_images=True
    )
    try_out(work / "model", read_artifact(work / "model"))
    print(
        json.dumps(
            {
                "test_images": report.test.images,
                "top1": report.test.top1,
                "skipped": report.findings.embedding_map.skipped,
                "peak_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
