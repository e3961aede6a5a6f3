"""What a dataset proposes when labels are new, and the trainings that its rule starts."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

import lambdas.curate.handler
from lambdas.api.resources import resources
from tests.integration.conftest import Cloud
from tests.integration.dataset_loop import NAME, NOW, Loop, loop_in_process
from visionflow.datasets.changes import ClassChange, ImageChange
from visionflow.datasets.flow import FLOW_RULE
from visionflow.datasets.record import DatasetImage, DatasetVersion
from visionflow.datasets.run import Compared, InstantRun, RunResult
from visionflow.datasets.run_store import RunStore
from visionflow.loop.flowing import utc_day
from visionflow.models.ref import ModelRef


@pytest.fixture
def loop(empty_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loop]:
    with loop_in_process(empty_cloud, monkeypatch) as found:
        yield found


COMPARED = Compared(
    model="colours",
    version="1",
    images=10,
    groups=8,
    before=0.9,
    after=0.95,
    difference_low=-0.01,
    difference_high=0.1,
)


def fill(loop: Loop, count: int, start: int = 0) -> None:
    """Labelled images that are ready, of both classes."""
    made = [
        DatasetImage(
            sha256=f"{number:064x}",
            state="pending",
            added_at="2026-01-01T00:00:00.000000Z",
            added_by="ada",
            source="upload",
            bytes=1,
            label=("red", "green")[number % 2],
            labelled_by="ada",
        )
        for number in range(start, start + count)
    ]
    loop.store.images.announce(NAME, made)
    for image in made:
        ready = replace(image, state="ready", group=image.sha256, width=1, height=1)
        loop.store.curation.curated(NAME, ready, None)


def trained(loop: Loop, number: int, *, compared: Compared | None = COMPARED) -> InstantRun:
    """A finished training of what the dataset holds now."""
    version: DatasetVersion = loop.versions.freeze(NAME, "ada", NOW, None)
    run = InstantRun(
        id=f"00RUN{number:04d}",  # before what the rule starts now
        dataset=NAME,
        version=version.number,
        model=NAME,
        state="waiting",
        started_at="2026-01-01T00:00:00.000000Z",
        started_by="ada",
        promote=False,
    )
    loop.runs.start(run)
    loop.runs.begin(run, "publish", "2026-01-01T00:00:00.000000Z")
    result = RunResult(
        top1=0.95,
        top1_low=0.9,
        top1_high=1.0,
        images=10,
        groups=8,
        worst=(),
        compared=compared,
    )
    return loop.runs.finish(run, "2026-01-01T00:01:00.000000Z", str(number), result, serves=False)


def compare(loop: Loop, now: datetime = NOW) -> None:
    """What the curation does when images have changed."""
    loop.store.due(NAME, "wave")
    assert lambdas.curate.handler.service().examine(NAME, "wave", now)


def test_labels_are_counted_from_what_the_last_training_learned(loop: Loop) -> None:
    fill(loop, 30)
    compare(loop)
    assert loop.details()["proposal"] is None
    assert loop.details()["health"]["trained_version"] is None
    trained(loop, 1, compared=None)
    # Nothing is new yet, and until it is counted from this version, nothing is said to be.
    assert loop.details()["proposal"] is None
    fill(loop, 3, start=30)
    loop.store.images.change(NAME, [ImageChange(sha256=f"{0:064x}", label="green")], "ada")
    loop.store.images.change(NAME, [ImageChange(sha256=f"{1:064x}", label=None)], "ada")
    loop.store.images.change(NAME, [ImageChange(sha256=f"{2:064x}", removed=True)], "ada")
    compare(loop)
    proposal = loop.details()["proposal"]
    assert proposal == {"version": 1, "labels": 4, "needed": 20, "run": None}
    forecast = loop.details()["forecast"]
    assert forecast is not None
    assert forecast["seconds"] > 0


def test_the_newest_training_that_nobody_has_judged_is_to_be_accepted(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(loop, 4)
    in_use: set[ModelRef] = set()
    retired: set[str] = set()
    served: list[ModelRef] = []
    registry = resources().registry

    def row(model: ModelRef) -> SimpleNamespace:
        return SimpleNamespace(retired=model.version in retired)

    def history(_limit: int) -> SimpleNamespace:
        moves = [
            SimpleNamespace(
                alias="production",
                name=model.name,
                version=model.version,
                moved_at="2026-01-01T00:00:30.000000Z",
            )
            for model in served
        ]
        return SimpleNamespace(items=moves)

    aliases = SimpleNamespace(in_use=in_use)
    monkeypatch.setattr(registry, "aliases", lambda: aliases)
    monkeypatch.setattr(registry, "version", row)
    monkeypatch.setattr(registry, "history", history)

    def accepted() -> str | None:
        proposal = loop.details()["proposal"]
        return None if proposal is None else proposal["run"]["model_version"]

    trained(loop, 1)
    assert accepted() == "1"
    trained(loop, 2)
    assert accepted() == "2"
    # One that was not compared says nothing.
    trained(loop, 3, compared=None)
    assert accepted() == "2"
    retired.add("2")
    assert accepted() is None
    retired.clear()
    # It serves, or has served and was replaced: what is older is not proposed either.
    in_use.add(ModelRef(NAME, "2"))
    assert accepted() is None
    in_use.clear()
    served.append(ModelRef(NAME, "2"))
    assert accepted() is None
    trained(loop, 4)
    assert accepted() == "4"
    # Another model was promoted since: that one was not compared with what serves now.
    promoted_later = SimpleNamespace(
        alias="production", name="other", version="1", moved_at="2026-01-01T00:02:00.000000Z"
    )
    monkeypatch.setattr(registry, "history", lambda _: SimpleNamespace(items=[promoted_later]))
    assert accepted() is None


def test_enough_new_labels_start_one_training_a_day_that_promotes_nothing(loop: Loop) -> None:
    loop.rule("corrected", train=True)
    fill(loop, 30)
    compare(loop)
    assert loop.states.started == []  # not before a person has trained once
    trained(loop, 1)
    fill(loop, 19, start=30)
    compare(loop)
    assert loop.states.started == []
    fill(loop, 1, start=49)
    compare(loop)
    ((run, *others), started) = loop.runs.runs(NAME), loop.states.started
    assert [start["name"] for start in started] == [run.id]
    assert (run.started_by, run.promote, run.model, len(others)) == (FLOW_RULE, False, NAME, 1)
    entry = loop.cloud.call("GET", "/audit").body["items"][0]
    assert (entry["by"], entry["action"], entry["subject"]) == (FLOW_RULE, "train", NAME)
    assert (entry["status"], entry["details"]) == (200, {"id": run.id})
    # Not while it runs, and not a second one today; tomorrow again.
    loop.runs.begin(run, "freeze", "2026-01-01T00:00:00.000000Z")
    tomorrow = datetime.fromtimestamp(NOW.timestamp() + 86_400, UTC)
    compare(loop)
    compare(loop, tomorrow)
    assert len(loop.states.started) == 1
    loop.runs.fail(NAME, run.id, "2026-01-01T00:00:00.000000Z", "x", "It failed.")
    compare(loop)
    assert len(loop.states.started) == 1
    compare(loop, tomorrow)
    assert len(loop.states.started) == 2


def test_a_training_of_the_rule_that_was_cut_off_is_started_once_by_the_next_comparison(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.rule("corrected", train=True)
    fill(loop, 30)
    trained(loop, 1)
    fill(loop, 20, start=30)
    with monkeypatch.context() as patch:
        patch.setattr(RunStore, "start", _cut_off)
        with pytest.raises(ConnectionError):
            compare(loop)
    claimed = loop.store.rule_training(NAME, utc_day(NOW))
    compare(loop)
    assert [start["name"] for start in loop.states.started] == [claimed]
    # A claim that another comparison made at the same moment holds.
    assert loop.store.claim_training(NAME, utc_day(NOW), "other") == claimed


def test_a_training_of_the_rule_that_did_not_start_is_due_again(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a throttled call, say. One that did start, and has not begun, is not marked as failed."""
    loop.rule("corrected", train=True)
    fill(loop, 30)
    trained(loop, 1)
    fill(loop, 20, start=30)
    start = loop.states.start_execution
    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(loop.states, "start_execution", _cut_off)
            with pytest.raises(ConnectionError):
                compare(loop)
        claimed = loop.store.rule_training(NAME, utc_day(NOW))
        assert claimed is not None
        assert loop.runs.run(NAME, claimed).state == "waiting"

    def again(**call: str) -> None:
        start(**call)
        error: Any = {"Error": {"Code": "ExecutionAlreadyExists", "Message": ""}}
        raise loop.states.exceptions.ExecutionAlreadyExists(error, "StartExecution")

    monkeypatch.setattr(loop.states, "start_execution", again)
    compare(loop)
    assert [start["name"] for start in loop.states.started] == [claimed]
    entries = loop.cloud.call("GET", "/audit").body["items"]
    assert len([entry for entry in entries if entry["action"] == "train"]) == 1


def _cut_off(*_request: Any, **_call: Any) -> None:
    raise ConnectionError("cut off")


@pytest.mark.parametrize("why", ["stopped", "few", "without"])
def test_the_rule_does_not_train_what_it_must_not(loop: Loop, why: str) -> None:
    loop.rule("corrected", train=why != "without")
    fill(loop, 30)
    trained(loop, 1)
    fill(loop, 20, start=30)
    if why == "stopped":
        lambdas.curate.handler.service().rule.stop.stop("The month's budget is spent.", NOW)
    if why == "few":
        loop.store.change_classes(NAME, ClassChange(action="add", name="blue"))
    compare(loop)
    assert loop.states.started == []
    assert loop.store.rule_training(NAME, utc_day(NOW)) is None
