"""A dataset with every fault that people's datasets have."""

import shutil
from pathlib import Path

from PIL import Image
from PIL.ExifTags import Base as ExifTag

from tests.images import bad_files, encode, plain, textured

SCRIPT = "<script>alert('x')<"
"""A class whose name must not reach a page as it is; folders cannot have a slash in their name."""


def draw_messy_set(root: Path) -> Path:
    """Divided into train, val and test, with classes cat, dog, wolf, SCRIPT, single and empty."""
    seed = iter(range(10_000))

    def put(name: str, data: bytes | None = None) -> Path:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encode(textured((48, 40), next(seed))) if data is None else data)
        return file

    for label, count in {"cat": 36, "dog": 14, SCRIPT: 6, "single": 1}.items():
        for i in range(count):
            put(f"train/{label}/{i:02}.jpg")
    (root / "train" / "empty").mkdir()
    for part in ("val", "test"):
        for label in ("cat", "dog", "wolf"):
            put(f"{part}/{label}/0.jpg")
    shutil.copy(root / "train/dog/00.jpg", root / "test/dog/leak.jpg")
    shutil.copy(root / "train/dog/01.jpg", root / "train/cat/wrong.jpg")
    shutil.copy(root / "train/cat/01.jpg", root / "train/cat/again.jpg")
    put("val/cat/nearly.jpg", saved_anew(root / "train/cat/05.jpg"))
    put("train/dog/nearly.jpg", saved_anew(root / "train/cat/06.jpg"))
    put("train/cat/nearly.jpg", saved_anew(root / "train/cat/07.jpg"))
    put("train/dog/phone.jxl", b"no image")
    put("val/loose.jpg")
    for name, (data, _) in bad_files().items():
        put(f"train/dog/bad/{Path(name).stem}.jpg", data)
    for name, data in odd_files().items():
        put(f"train/dog/odd/{name}", data)
    return root


def saved_anew(file: Path) -> bytes:
    return encode(Image.open(file).resize((40, 34)), "PNG")


def odd_files() -> dict[str, bytes]:
    """One file of each `Oddity`, by its name."""
    exif = Image.Exif()
    exif[ExifTag.Orientation] = 6
    see_through = textured(seed=20_003).convert("RGBA")
    see_through.putalpha(100)
    frames = [textured(seed=20_004)]
    return {
        "greyscale.jpg": encode(textured(seed=20_000).convert("L")),
        "cmyk.jpg": encode(textured(seed=20_001).convert("CMYK")),
        "rotated.jpg": encode(textured(seed=20_002), exif=exif),
        "alpha.png": encode(see_through, "PNG"),
        "animated.gif": encode(textured(seed=20_005), "GIF", save_all=True, append_images=frames),
        "small.jpg": encode(textured((30, 15), 20_006)),
        "elongated.jpg": encode(textured((130, 40), 20_007)),
        "one_colour.png": encode(plain(), "PNG"),
    }
