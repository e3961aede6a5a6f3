"""From an artifact to a proven folder for a device, or to the report of why it is not one."""

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version as installed
from pathlib import Path

from training.data.folders.walk import below
from training.data.own_images import read_own_images
from training.edge_export import parity
from training.edge_export.bundle import write_runner
from training.edge_export.licence import LICENCE, write_licence
from training.edge_export.parity import Parity
from training.edge_export.readme import readme
from training.edge_export.targets import Target, target_of
from training.errors import TrainingError
from visionflow import strict
from visionflow.errors import GateError
from visionflow.models.manifest import MANIFEST_NAME, FileEntry, Manifest, read_manifest

MODEL_FILE = "model.json"
_SHIPPED = Path(__file__).with_name("shipped")
_RUNTIME, _IMAGE = "# --- the runtime\n", "# --- the image\n"


@dataclass(frozen=True)
class Images:
    """What an export is proven on; ``source`` says where they are from."""

    files: Sequence[Path]
    source: str


@dataclass(frozen=True)
class Exported:
    """``files``: names below ``folder``."""

    folder: str
    target: str
    files: tuple[str, ...]
    parity: Parity


def images_of(folder: Path | None, artifact: Path) -> Images:
    """The images in ``folder``, else the test images of the run in ``artifact``.

    Raises `TrainingError` where there are none: without images there is no proof.
    """
    if folder is not None:
        if not folder.is_dir():
            raise TrainingError(f"{folder}: no such folder; name one with images: --images FOLDER.")
        return Images(below(folder).images, str(folder))
    own = read_own_images(artifact)
    files: list[Path] = []
    if own and own.dataset and "test" in own.parts:
        places = (own.dataset, own.dataset / "test", own.dataset / "train")
        named = sorted(own.parts["test"].files)
        found = (next((p / name for p in places if (p / name).is_file()), None) for name in named)
        files = [file for file in found if file]
    if not files:
        raise TrainingError(
            "An export is proven on images, and there are none: the version does not say where its "
            "test images are, or they are gone. Name a folder of images such as it will see: "
            "--images FOLDER."
        )
    return Images(files, f"the test images of the run {artifact.name} in {own and own.dataset}")


def export(artifact: Path, target_name: str, images: Images, out: Path) -> Exported:
    """Write the version in ``artifact`` for a target into ``out``, which must not be there yet.

    ``artifact`` needs what is served, and not the rest of the files of its manifest. Raises
    `TargetError`, `TrainingError`, `ArtifactError`, and `GateError` where the export does not
    answer as the served form does: then ``out`` has the report alone.
    """
    target = target_of(target_name)
    runtime = f"{target.runtime} {target.runtime_version()}"
    if out.exists():
        raise TrainingError(f"{out}: there already; name another folder with --out.")
    manifest = read_manifest(artifact)
    for entry in manifest.served_files:
        entry.check((artifact / entry.path).read_bytes())
    out.parent.mkdir(parents=True, exist_ok=True)
    # A name that nobody else has: an own folder must not be lost, nor one of an export at its side.
    partial = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    partial.chmod(0o755)
    try:
        _write(partial, artifact, manifest, target)
        names = (target.name, runtime)
        found = parity.measure(artifact, manifest, partial, images.files, images.source, names)
        shutil.rmtree(partial / "__pycache__", ignore_errors=True)
        _report(partial, found)
        if not found.passed:
            out.mkdir(parents=True)
            _report(out, found)
            raise GateError(
                f"{target.name}: does not answer as the served form does: same best label "
                f"{found.top1_agreement:.1%}, same decision on unknown "
                f"{found.unknown_agreement:.1%}, mean difference of confidence "
                f"{found.mean_confidence_difference:.3f}, on {found.images} images. "
                f"No model was written; see {out / parity.PAGE}."
            )
        licensed = (partial / LICENCE).is_file()
        text = readme(manifest, target, found, runtime, licensed=licensed)
        (partial / "README.md").write_text(text, encoding="utf-8")
        partial.replace(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    names_there = tuple(sorted(path.name for path in out.iterdir()))
    return Exported(str(out), target.name, names_there, found)


def _write(out: Path, artifact: Path, manifest: Manifest, target: Target) -> None:
    file = target.write(artifact, manifest, out)
    if manifest.familiarity:
        name = manifest.familiarity.file.path
        shutil.copyfile(artifact / name, out / name)
    kept = replace(manifest, files={manifest.precision: manifest.served_file}, extra_files=())
    (out / MANIFEST_NAME).write_text(kept.to_json(), encoding="utf-8")
    (out / MODEL_FILE).write_text(model_json(manifest, target, file, out), encoding="utf-8")
    shutil.copyfile(_SHIPPED / "answer.py", out / "answer.py")
    (out / "example.py").write_text(example(target), encoding="utf-8")
    needed = (target.runtime, "pillow", "numpy")
    pins = "".join(f"{name}=={installed(name)}\n" for name in needed)
    (out / "requirements.txt").write_text(pins, encoding="utf-8")
    write_licence(out, artifact, manifest)
    if target.name == "onnx":
        write_runner(out)


def example(target: Target) -> str:
    """The example with the code of the target's runtime."""
    text = (_SHIPPED / "example.py").read_text(encoding="utf-8")
    if not target.code:
        return text
    text = text.replace("import onnxruntime\n", f"{target.imported}\n")
    before, _, rest = text.partition(_RUNTIME)
    _, _, after = rest.partition(_IMAGE)
    return f"{before}{_RUNTIME}{target.code}\n\n{_IMAGE}{after}"


def model_json(manifest: Manifest, target: Target, file: str, folder: Path) -> str:
    """What a program needs beside the file: input, labels and thresholds. A label a line."""
    rule = manifest.familiarity
    files = (path for path in sorted(folder.iterdir()) if path.is_file())
    written = [path.name for path in files if path.name != MANIFEST_NAME]
    head = {
        "name": manifest.name,
        "version": manifest.version,
        "created_at": manifest.created_at,
        "target": target.name,
        "file": file,
        "precision": manifest.precision,
        "input": {
            **strict.to_dict(manifest.input),
            "name": "image",
            "layout": "NHWC, uint8, RGB, a batch of 1",
        },
        "outputs": {"logits": len(manifest.labels), "embedding": "features of the image"},
        "temperature": manifest.temperature,
        "unknown_threshold": manifest.unknown_threshold,
        "familiarity": rule
        and {
            "file": rule.file.path,
            "threshold": rule.threshold,
            "least_detail": rule.least_detail,
        },
        "files": [strict.to_dict(FileEntry.of(folder, name)) for name in written],
    }
    text = json.dumps(head, indent=2, ensure_ascii=False).removesuffix("\n}")
    for what, nodes in (("labels", manifest.labels), ("parents", manifest.parents)):
        lines = [f"    {json.dumps(strict.to_dict(node), ensure_ascii=False)}" for node in nodes]
        text += f',\n  "{what}": [\n' + ",\n".join(lines) + "\n  ]"
    return f"{text}\n}}\n"


def _report(folder: Path, found: Parity) -> None:
    text = json.dumps(strict.to_dict(found), indent=2, ensure_ascii=False) + "\n"
    (folder / parity.REPORT).write_text(text, encoding="utf-8")
    (folder / parity.PAGE).write_text(parity.page(found), encoding="utf-8")
