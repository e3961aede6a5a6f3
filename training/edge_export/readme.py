"""The README of an exported folder."""

from training.edge_export import licence
from training.edge_export.bundle import RUNNER
from training.edge_export.parity import Parity
from training.edge_export.targets import Target
from visionflow.models.manifest import Manifest

_FILES = """\
| file | what |
|---|---|
| `{file}` | the model |
| `model.json` | input, labels with parents, thresholds, checksums |
| `example.py`, `answer.py` | from an image to its answer; `answer.py` is the rules alone |
| `requirements.txt` | the versions that this was proven with |
| `parity.md`, `parity.json` | how far the answers are from those that the functions give |
| `manifest.json` | the version as it is registered |
"""
_RUNNER = """
## The runner

`{runner}` watches folders and cameras, and answers by the functions' own code:

```sh
python {runner} . photo.jpg
python {runner} . --watch photos --out answers.jsonl
python {runner} . --camera
python {runner} . --watch photos --sync https://... --key key.txt --send-images uncertain
```

`python {runner} --help` explains the options. `--sync` needs `pip install urllib3`.
"""


def readme(
    manifest: Manifest, target: Target, parity: Parity, runtime: str, *, licensed: bool
) -> str:
    """In Markdown. ``licensed``: a licence lies in the folder."""
    text = f"""# {manifest.name} {manifest.version} for {target.title}

{len(manifest.labels):,} labels, {manifest.precision}, made {manifest.created_at[:10]}.
Same best label as the served form for {parity.top1_agreement:.1%} of {parity.images} images, mean
difference of confidence {parity.mean_confidence_difference:.4f}: [parity.md](parity.md).

```sh
pip install -r requirements.txt    # {runtime}, Pillow and NumPy
python example.py photo.jpg
```

{_FILES.format(file="model.*")}"""
    if target.name == "onnx":
        text += _RUNNER.format(runner=RUNNER)
    return f"{text}\n## Licence\n\n{licence.sentence(manifest, there=licensed)}\n"
