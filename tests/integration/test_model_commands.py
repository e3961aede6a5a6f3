"""`visionflow models` and `visionflow data collect` against a deployed stage."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.cli import main
from tests.images import encode, plain
from tests.integration.conftest import Cloud
from tests.integration.test_feedback import say
from tests.tiny_model import write_tiny_artifact
from training.data.listing import list_images
from training.data.sources.collect import LINEAGE_FILE, read_lineage
from visionflow.access.caller import Caller
from visionflow.access.roles import EVERYTHING

Command = Callable[..., Any]
RED, BLUE = encode(plain("red")), encode(plain("blue"))


@pytest.fixture
def visionflow(
    cloud: Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Any]:
    """The command line at stage ``dev``: its exit code and what it printed, as JSON if asked.

    Version 1 is in production, 2 is published.
    """
    outputs = {
        "ImagesBucket": "images",
        "ModelsBucket": "models",
        "PredictionsTable": "predictions",
        "RegistryTable": "registry",
        "InsightsTable": "insights",
        "UsageTable": "usage",
        "BudgetTopic": "arn:aws:sns:eu-central-1:123456789012:budget",
    }
    template = {
        "Resources": {"Other": {"Type": "AWS::S3::Bucket"}},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }
    boto3.client("cloudformation").create_stack(
        StackName="VisionFlow-Dev-Data", TemplateBody=json.dumps(template)
    )
    write_tiny_artifact(tmp_path / "two", "2")
    cloud.publish(tmp_path / "two", promote=False)

    def command(*arguments: object) -> Any:
        capsys.readouterr()
        code = main.main([*map(str, arguments), "--stage", "dev"])
        captured = capsys.readouterr()
        if code:
            return captured.err
        return json.loads(captured.out) if "--json" in arguments else captured.out

    return command


def test_a_version_goes_through_shadow_and_canary_to_production_and_back(
    visionflow: Command,
) -> None:
    assert "shadow: tiny 2" in visionflow("models", "shadow", "2", "--reason", "a look")
    assert "canary: tiny 2, 10 %" in visionflow("models", "canary", "2", "--percent", 10)
    said = visionflow("models", "promote", "2", "--reason", "better", "--json")
    assert said["production"] == {"name": "tiny", "version": "2"}
    assert said["shadow"] is None
    assert "production: tiny 1" in visionflow("models", "rollback", "--reason", "worse")
    history = visionflow("models", "history", "--json")
    moves = [move["action"] for move in history if move["alias"] == "production"]
    assert moves == ["rollback", "promote", "promote"]
    assert history[0]["by"] == "arn:aws:sts::123456789012:user/moto"
    assert history[0]["reason"] == "worse"
    table = visionflow("models", "history", "--alias", "canary")
    assert "tiny 2 10 %" in table
    assert "production" not in table


def test_versions_are_listed_shown_and_compared(visionflow: Command, cloud: Cloud) -> None:
    listed = visionflow("models", "list")
    assert "production" in listed
    shown = visionflow("models", "show", "2")
    assert "fp32_top1_changes" in shown
    assert "does not serve" in shown
    assert "does not recognise unfamiliar images" in shown
    answered = cloud.predict(RED).body
    say(cloud, answered["id"], {"label": "red"})
    cloud.count(cloud.stream())
    compared = visionflow("models", "compare", "1", "2", "--json")
    assert [item["n"] for item in compared["items"]] == [1, 0]
    assert "100.0% (20.7% to 100.0%, n=1)" in visionflow("models", "compare", "1,2")


def test_which_version_served_at_a_time(visionflow: Command) -> None:
    visionflow("models", "promote", "2")
    now = datetime.now(UTC).isoformat()
    assert visionflow("models", "history", "--at", now, "--json")[0]["version"] == "2"
    assert visionflow("models", "history", "--at", "2020-01-01", "--json") == []
    assert "not an ISO 8601 time" in visionflow("models", "history", "--at", "yesterday")


def test_a_retired_version_stays_out(visionflow: Command) -> None:
    visionflow("models", "retire", "2", "--reason", "old")
    assert "retired" in visionflow("models", "list")
    assert "is retired" in visionflow("models", "promote", "2")


def test_the_rule_is_changed_piece_by_piece(visionflow: Command) -> None:
    assert visionflow("models", "rule", "--json")["enabled"] is False
    visionflow("models", "rule", "--on", "--min-images", 50)
    changed = visionflow("models", "rule", "--max-unknown-rate", "none", "--json")
    assert changed == {
        "enabled": True,
        "min_images": 50,
        "max_error_rate": 0.05,
        "max_unknown_rate": None,
        "max_disagreement": 0.3,
    }
    assert "max_unknown_rate  none" in visionflow("models", "rule")
    assert visionflow("models", "rule", "--off", "--json")["enabled"] is False


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("promote", "9"), "There is no version '9'"),
        (("canary", "2"), "--percent"),
        (("shadow",), "or give --off"),
        (("rollback",), "none to roll back to"),
        (("compare", "1"), "at least two"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    visionflow: Command, arguments: tuple[str, ...], sentence: str
) -> None:
    said = visionflow("models", *arguments)
    assert sentence in said
    assert len(said.splitlines()) == 1


@pytest.fixture
def labelled(cloud: Cloud) -> list[dict[str, Any]]:
    """Two images that people have labelled, and one that nobody has."""
    answers = [cloud.predict(image).body for image in (RED, BLUE, BLUE)]
    ann = Caller("user:a", "a@example.com", EVERYTHING)
    say(cloud, answers[0]["id"], {"label": "red"}, caller=ann)
    say(cloud, answers[1]["id"], {"label": "purple", "new": True})
    return answers


def test_labelled_images_become_a_training_folder(
    visionflow: Command, labelled: list[dict[str, Any]], tmp_path: Path
) -> None:
    out = tmp_path / "collected"
    done = visionflow("data", "collect", "--out", out, "--json")
    assert done == {"added": 2, "kept": 0, "moved": 0, "gone": 0, "unspecific": 0}
    listing = list_images(out)
    assert listing.labels == ("purple", "red")
    assert (out / listing.files[1]).read_bytes() == RED
    lineage = read_lineage(out)
    origin = lineage[labelled[0]["id"]]
    assert origin.file == f"red/{labelled[0]['id']}.jpg"
    assert (origin.label, origin.labelled_by, origin.answered) == ("red", "a@example.com", "red")
    assert origin.model is not None
    assert (origin.model.version, origin.version_id) == ("1", labelled[0]["image"]["version_id"])
    assert origin.sha256 == labelled[0]["image"]["sha256"]


def test_collecting_again_adds_what_is_new_and_moves_what_was_corrected(
    visionflow: Command, cloud: Cloud, labelled: list[dict[str, Any]], tmp_path: Path
) -> None:
    out = tmp_path / "collected"
    visionflow("data", "collect", "--out", out)
    say(cloud, labelled[1]["id"], {"label": "blue"})
    say(cloud, labelled[2]["id"], {"label": "blue"})
    done = visionflow("data", "collect", "--out", out, "--json")
    assert done == {"added": 1, "kept": 1, "moved": 1, "gone": 0, "unspecific": 0}
    assert {path.parent.name for path in out.rglob("*.jpg")} == {"red", "blue"}
    assert read_lineage(out)[labelled[1]["id"]].file.startswith("blue/")
    assert not (out / "purple").exists()  # training takes every folder for a class
    lines = (out / LINEAGE_FILE).read_text().splitlines()
    assert len(lines) == 4  # what was said before is kept


def test_a_killed_call_is_finished_by_the_next(
    visionflow: Command, labelled: list[dict[str, Any]], tmp_path: Path
) -> None:
    out = tmp_path / "collected"
    visionflow("data", "collect", "--out", out)
    path = out / LINEAGE_FILE
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1][:40])  # killed after the file, within its line
    (out / "red" / ".half.jpg.partial").write_bytes(b"half a pict")
    done = visionflow("data", "collect", "--out", out, "--json")
    assert (done["added"], done["kept"]) == (1, 1)
    assert path.read_bytes().splitlines() == [line.strip() for line in lines]


def test_nothing_is_overwritten(
    visionflow: Command, labelled: list[dict[str, Any]], tmp_path: Path
) -> None:
    out = tmp_path / "collected"
    (out / "red").mkdir(parents=True)
    mine = out / "red" / f"{labelled[0]['id']}.jpg"
    mine.write_bytes(b"an image of my own")
    assert "is in the way" in visionflow("data", "collect", "--out", out)
    assert mine.read_bytes() == b"an image of my own"


def test_an_image_that_has_expired_is_counted_as_gone(
    visionflow: Command, cloud: Cloud, labelled: list[dict[str, Any]], tmp_path: Path
) -> None:
    image = labelled[0]["image"]
    cloud.s3.delete_object(Bucket="images", Key=image["key"], VersionId=image["version_id"])
    said = visionflow("data", "collect", "--out", tmp_path / "collected")
    assert "1 added" in said
    assert "1 no longer in the bucket" in said


def test_only_what_was_said_since_a_time_is_collected(
    visionflow: Command, labelled: list[dict[str, Any]], tmp_path: Path
) -> None:
    arguments = ("data", "collect", "--out", tmp_path / "later", "--since", "2100-01-01", "--json")
    assert visionflow(*arguments)["added"] == 0


def test_labels_with_parents_are_collected_where_their_class_lies(
    visionflow: Command, cloud: Cloud, tmp_path: Path
) -> None:
    """In a nested folder an image goes to its class, or beside those of the same parent; what is
    called by a parent alone is not a class."""
    write_tiny_artifact(tmp_path / "3", "3", 0.6, nested=True)
    cloud.publish(tmp_path / "3")
    asked = [cloud.predict(image).body["id"] for image in (RED, RED, BLUE, RED)]
    for prediction_id, label in zip(asked, ("red", "green", "blue", "warm"), strict=True):
        say(cloud, prediction_id, {"label": label})
    out = tmp_path / "nested"
    (out / "colours" / "warm" / "red").mkdir(parents=True)
    done = visionflow("data", "collect", "--out", out, "--json")
    assert (done["added"], done["unspecific"]) == (3, 1)
    folders = {path.parent.relative_to(out).as_posix() for path in out.rglob("*.jpg")}
    assert folders == {"colours/warm/red", "colours/warm/green", "blue"}
    for prediction_id in asked[:2]:
        say(cloud, prediction_id, {"label": "warm"})
    said = visionflow("data", "collect", "--out", out)
    assert "3 are called by a parent of labels" in said
    assert not (out / "colours").exists()
    assert len(list(out.rglob("*.jpg"))) == 1
    # Without such a folder every class lies at the top.
    say(cloud, asked[0], {"label": "red"})
    visionflow("data", "collect", "--out", tmp_path / "flat")
    assert {path.parent.name for path in (tmp_path / "flat").glob("*/*.jpg")} == {"red", "blue"}
