"""The README's example of the Python client, and what it has no fault for, on the local cloud."""

import re
import uuid
from dataclasses import asdict
from datetime import UTC, datetime

import pytest

from infra.packaging.workspace import PROJECT
from tests.e2e.cloud import Cloud, eventually
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


def test_what_a_device_answered_is_recorded_and_compared_once(cloud: Cloud) -> None:
    at = VisionFlow(cloud.outputs.api_url, "")
    image = encode(textured(seed=78), "PNG")
    seen = at.classify(image)
    before = counted(at)
    best, model = seen.top_k[0], seen.model
    assert model is not None
    device = {
        **{"origin": "edge", "made_at": datetime.now(UTC).isoformat(), "status": seen.status},
        **{"model": f"{model.name}/{model.version}", "label": seen.label},
        **{"confidence": seen.confidence, "unknown_reason": seen.unknown_reason},
        **{"top_k": [asdict(best)], "familiarity": seen.familiarity},
    }
    facts = {"filename": None, "width": 4, "height": 3, "milliseconds": 20.5}
    ids = [uuid.uuid4().hex for _ in range(26)]
    records = [{**device, **facts, "device_id": one} for one in ids]
    sent = {**device, "device_id": uuid.uuid4().hex}
    for outcome in ("recorded", "known"):
        assert {taken.outcome for taken in at.record(records)} == {outcome}
        compared = at.classify(image, device=sent)
    listed = [one.id for one in at.predictions(origin="edge")]
    assert len({*listed}) == len(listed) >= len(ids) + 1
    assert compared.id in listed
    after = (before[0] + 27, before[1] + 1, before[2] + 1)
    eventually(lambda: True if counted(at) == after else None, 30, "counted devices")
    for one in [compared.id, *(taken.id for taken in at.record(records))]:
        at.erase(str(one))
    assert counted(at) == before


def counted(at: VisionFlow) -> tuple[int, int, int]:
    """Images of edge devices, those that were compared, and those with the same label."""
    found = at.stats()
    all_of = found.agreement.values()
    agreed = sum(one.agreed for one in all_of)
    return found.by_origin.edge, sum(one.compared for one in all_of), agreed
