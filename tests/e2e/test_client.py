"""The README's example of the Python client, and what it has no fault for, on the local cloud."""

import re

import pytest

from infra.packaging.workspace import PROJECT
from tests.e2e.cloud import Cloud
from tests.images import encode, textured
from visionflow.client import VisionFlow
from visionflow.client.errors import ImageRefusedError

pytestmark = pytest.mark.e2e


def test_the_example_of_the_readme_works(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)
    monkeypatch.chdir(PROJECT)
    monkeypatch.setattr(VisionFlow, "local", lambda: VisionFlow(cloud.outputs.api_url, ""))
    exec(compile(example, "README.md", "exec"), {})  # noqa: S102  our own
    first, *records = capsys.readouterr().out.splitlines()
    assert first == "giant panda"
    assert any(line.startswith("panda.jpg ") for line in records)


def test_both_ways_of_an_image_have_the_same_result(cloud: Cloud) -> None:
    at = VisionFlow(cloud.outputs.api_url, "")
    image = encode(textured(seed=77), "PNG")
    direct, stored = at.classify(image, top_k=2), at.classify(image, top_k=2, bucket=True)
    assert (direct.label, len(stored.top_k)) == (stored.label, 2)
    assert direct.id != stored.id
    assert {at.prediction(one.id).image.sha256 for one in (direct, stored)} == {direct.image.sha256}
    (broken, fine) = at.classify_many([b"no image", image])
    assert isinstance(broken.error, ImageRefusedError)
    assert fine.answer is not None
    assert fine.answer.label == direct.label
    assert at.health().status == "ok"
    serving = at.status().model
    assert serving is not None
    assert serving.version in {it.version for it in at.models.list().items}
