"""`visionflow models` and `visionflow data collect` against a deployed stage."""

import json
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import UTC, datetime
from io import StringIO
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
from training.data.split import list_parts
from visionflow.access.caller import Caller
from visionflow.access.roles import EVERYTHING
from visionflow.client.connection import Connection
from visionflow.client.errors import ApiError
from visionflow.models.ref import ModelRef
from visionflow.predictions.record import Feedback
from visionflow.predictions.reviews import ReviewStore

Command = Callable[..., Any]
NOTHING_ELSE = {"unlabelled": 0, "unusable": 0, "erased": 0}
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
        "AuditTable": "audit",
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
    refused = visionflow("models", "canary", "2", "--percent", 10)
    assert "tiny/2 is the shadow; end the shadow" in refused
    visionflow("models", "shadow", "--off")
    assert "canary: tiny 2, 10 %" in visionflow("models", "canary", "tiny/2", "--percent", 10)
    said = visionflow("models", "promote", "2", "--reason", "better", "--json")
    assert said["production"] == {"name": "tiny", "version": "2"}
    assert said["shadow"] is None
    assert "production: tiny 1" in visionflow("models", "rollback", "--reason", "worse")
    history = visionflow("models", "history", "--json")["items"]
    moves = [move["action"] for move in history if move["alias"] == "production"]
    assert moves == ["rollback", "promote", "promote"]
    assert history[0]["by"] == "arn:aws:sts::123456789012:user/moto"
    assert history[0]["reason"] == "worse"
    table = visionflow("models", "history", "--alias", "canary")
    assert "tiny 2 10 %" in table
    assert "production" not in table


def test_a_version_alone_is_enough_where_one_model_has_it(
    visionflow: Command, cloud: Cloud, tmp_path: Path
) -> None:
    write_tiny_artifact(tmp_path / "other", "1", name="other", labels=("red", "pink", "cyan"))
    cloud.publish(tmp_path / "other", promote=False)
    assert "tiny 2 (fp32)" in visionflow("models", "show", "2")
    said = visionflow("models", "promote", "1")
    assert "Several versions are called 1: give other/1 or tiny/1." in said
    said = visionflow("models", "show", "tiny")
    assert "Several versions are called tiny: give tiny/1 or tiny/2." in said
    assert "other 1" in visionflow("models", "show", "other")
    assert "No model or version is called '9'" in visionflow("models", "show", "9")
    compared = visionflow("models", "compare", "tiny/1", "other/1", "--json")
    assert [item["name"] for item in compared["items"]] == ["tiny", "other"]


def test_a_move_says_what_it_changes_and_a_dry_run_moves_nothing(
    visionflow: Command, cloud: Cloud, tmp_path: Path
) -> None:
    write_tiny_artifact(tmp_path / "other", "1", name="other", labels=("red", "pink", "cyan"))
    cloud.publish(tmp_path / "other", promote=False)
    visionflow("models", "canary", "tiny/2", "--percent", 10)
    lines = [
        "other/1 answers in production instead of tiny/1.",
        "Warning: 2 classes are lost: blue, green.",
        "Warning: 2 classes are gained: cyan, pink.",
        "The canary tiny/2 ends.",
        "Warning: 2 classes are lost for 10 % of the images: blue, green.",
        "Warning: 2 classes are gained for 10 % of the images: cyan, pink.",
        "A rollback would then return to tiny/1.",
    ]
    dry = visionflow("models", "promote", "other/1", "--dry-run")
    assert dry.splitlines() == lines
    assert cloud.registry.current() == ModelRef("tiny", "1")
    done = visionflow("models", "promote", "other/1")
    assert done.splitlines() == [*lines, "production: other 1", "canary: none", "shadow: none"]
    back = visionflow("models", "rollback")
    assert "tiny/1 answers in production instead of other/1." in back
    assert "Warning: 2 classes are lost: cyan, pink." in back
    assert "A rollback would then return to no version." in back


def test_what_commands_change_is_in_the_audit_trail(visionflow: Command, cloud: Cloud) -> None:
    visionflow("models", "list")
    visionflow("models", "canary", "2", "--percent", 10, "--reason", "a look")
    visionflow("models", "promote", "tiny/9")  # there is none
    visionflow("models", "promote", "2", "--dry-run")
    visionflow("models", "rule", "--on")
    entries = cloud.call("GET", "/audit").body["items"]
    assert {entry["by"] for entry in entries} == {"arn:aws:sts::123456789012:user/moto"}
    assert [(entry["action"], entry["subject"], entry["status"]) for entry in entries] == [
        ("visionflow models rule", "", 200),
        ("visionflow models promote", "tiny/9", 404),
        ("visionflow models canary", "tiny/2", 200),
    ]
    assert entries[2]["details"] == {"percent": 10, "reason": "a look"}


@pytest.fixture
def over_http(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's requests reach the functions without a network."""

    def call(_: Connection, method: str, path: str, query: Any, *_rest: Any, **__: Any) -> Any:
        known = {name: value for name, value in query.items() if value is not None}
        with redirect_stdout(StringIO()):  # of the functions' metrics
            found = cloud.call(method, path, known)
        if found.status >= 400:
            raise ApiError(found.body["detail"], found.body["code"])
        return found.body

    monkeypatch.setattr(Connection, "post_bytes", call)


def test_predictions_are_erased_by_command_after_a_yes(
    cloud: Cloud, over_http: None, capsys: pytest.CaptureFixture[str]
) -> None:
    made = [cloud.predict(image).body["id"] for image in (RED, BLUE, BLUE)]

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main.main([*arguments, "--api-url", "https://api"])
        return code, *capsys.readouterr()

    code, _, error = run("erase", made[0])
    assert (code, "--yes" in error) == (1, True), "nobody can be asked here"
    assert len(cloud.logs()) == 3
    assert run("erase", "--yes")[0] == 1
    assert run("erase", made[0], "--owner", "anonymous", "--yes")[0] == 1
    assert run("erase", made[0], "--yes")[1].startswith("1 erased.")
    assert "There is no prediction" in run("erase", made[0], "--yes")[2]
    assert json.loads(run("erase", "--owner", "anonymous", "--yes", "--json")[1]) == {"erased": 2}
    assert cloud.logs() == []
    listed = run("audit")[1]
    assert listed.splitlines()[1].split()[1:] == [
        *("anonymous", "DELETE", "/owners/{owner}", "anonymous", "200")
    ]
    entries = json.loads(run("audit", "--json", "--limit", "2")[1])["items"]
    assert [entry["status"] for entry in entries] == [200, 404]


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
    assert "too few to tell (1 of 10)" in visionflow("models", "compare", "1,2")


def test_which_version_served_at_a_time(visionflow: Command) -> None:
    visionflow("models", "promote", "2")
    now = datetime.now(UTC).isoformat()
    assert visionflow("models", "history", "--at", now, "--json")["items"][0]["version"] == "2"
    assert visionflow("models", "history", "--at", "2020-01-01", "--json") == {"items": []}
    assert "not a date or an ISO 8601 time" in visionflow("models", "history", "--at", "yesterday")


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


def test_the_promotion_rule_is_changed_piece_by_piece(visionflow: Command) -> None:
    off = {"enabled": False, "min_images": 100, "min_gain": 0.0}
    assert visionflow("models", "promotion-rule", "--json") == off
    visionflow("models", "promotion-rule", "--on", "--min-images", 50)
    changed = visionflow("models", "promotion-rule", "--min-gain", 0.01, "--json")
    assert changed == {"enabled": True, "min_images": 50, "min_gain": 0.01}
    assert "min_gain    0.01" in visionflow("models", "promotion-rule")
    assert "not verified" in visionflow("models", "show", "1")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("promotion-rule", "--min-gain", "2"), "min_gain must be 0, or 0.000001 to 1"),
        (("promote", "9"), "No model or version is called '9'"),
        (("canary", "2"), "--percent"),
        (("shadow",), "or give --off"),
        (("rollback",), "none to roll back to"),
        (("compare", "1"), "must name 2 to 20 different versions"),
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
    assert done == {"added": 2, "kept": 0, "moved": 0, "gone": 0, "unspecific": 0} | NOTHING_ELSE
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
    assert done == {"added": 1, "kept": 1, "moved": 1, "gone": 0, "unspecific": 0} | NOTHING_ELSE
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


def test_collecting_again_deletes_copies_of_what_was_erased(
    visionflow: Command, cloud: Cloud, labelled: list[dict[str, Any]], tmp_path: Path
) -> None:
    out = tmp_path / "collected"
    visionflow("data", "collect", "--out", out)
    where = {"LocationConstraint": "eu-central-1"}
    cloud.s3.create_bucket(Bucket="datasets", CreateBucketConfiguration=where)  # type: ignore[arg-type]
    jobs = ("JobsBucket", "JobsTable", "JobStateMachine", "JobRole", "JobLogGroup")
    outputs = (*jobs, "DatasetsTable")
    names = {"DatasetsBucket": "datasets", **{name: name for name in outputs}}
    template = {
        "Resources": {"Other": {"Type": "AWS::S3::Bucket"}},
        "Outputs": {name: {"Value": value} for name, value in names.items()},
    }
    boto3.client("cloudformation").create_stack(
        StackName="VisionFlow-Dev-Training", TemplateBody=json.dumps(template)
    )
    for file in (path for path in out.rglob("*") if path.is_file()):
        cloud.s3.upload_file(str(file), "datasets", f"set/{file.relative_to(out)}")
    erased, stays = (one["id"] for one in labelled[:2])
    assert cloud.call("DELETE", f"/predictions/{erased}").status == 200
    done = visionflow("data", "collect", "--out", out, "--json")
    assert (done["erased"], done["kept"]) == (2, 1)
    listed = cloud.s3.list_objects_v2(Bucket="datasets")["Contents"]
    assert {entry["Key"] for entry in listed} == {
        f"set/purple/{stays}.jpg",
        f"set/{LINEAGE_FILE}",
    }
    copied = cloud.s3.get_object(Bucket="datasets", Key=f"set/{LINEAGE_FILE}")["Body"].read()
    assert copied == (out / LINEAGE_FILE).read_bytes()
    assert erased.encode() not in copied
    assert visionflow("data", "collect", "--out", out, "--json")["erased"] == 0


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


def test_what_is_collected_into_a_divided_dataset_is_for_training(
    visionflow: Command, cloud: Cloud, labelled: list[dict[str, Any]], tmp_path: Path
) -> None:
    """An image in val or test would change what a model is measured by."""
    out = tmp_path / "divided"
    for name in ("Train/blue", "val/red", "val/blue", "test/purple"):
        (out / name).mkdir(parents=True)
        (out / name / "0.jpg").write_bytes(RED)
    assert visionflow("data", "collect", "--out", out, "--json")["added"] == 2
    found = {path.parent.relative_to(out).as_posix() for path in out.rglob(f"{labelled[0]['id']}*")}
    assert found == {"Train/red"}
    assert set(list_parts(out)["train"].labels) == {"blue", "purple", "red"}
    say(cloud, labelled[0]["id"], {"label": "blue"})
    assert visionflow("data", "collect", "--out", out, "--json")["moved"] == 1
    assert not (out / "Train" / "red").exists()


def test_a_class_called_train_is_collected_as_a_class(
    visionflow: Command, cloud: Cloud, labelled: list[dict[str, Any]], tmp_path: Path
) -> None:
    relabel(cloud, labelled[0]["id"], "train")
    out = tmp_path / "collected"
    for _ in range(2):
        visionflow("data", "collect", "--out", out)
    assert list_parts(out)["train"].labels == ("purple", "train")


@pytest.mark.parametrize(
    "label", ["..", "../x", "a/../../x", "/x", "a\0b", "lineage.jsonl", ".git"]
)
def test_a_label_that_leads_elsewhere_is_not_collected(
    visionflow: Command, cloud: Cloud, labelled: list[dict[str, Any]], tmp_path: Path, label: str
) -> None:
    """No such label can be given any more; a record may have one from before."""
    relabel(cloud, labelled[0]["id"], label)
    out = tmp_path / "in" / "collected"
    done = visionflow("data", "collect", "--out", out, "--json")
    assert (done["added"], done["unusable"]) == (1, 1)
    assert {path.parent.name for path in tmp_path.rglob("*.jpg")} == {"purple"}
    assert {path.name for path in (tmp_path / "in").iterdir()} == {"collected"}
    assert "1 have a label that cannot be" in visionflow("data", "collect", "--out", out)


def test_spellings_of_one_label_share_a_folder(
    visionflow: Command, cloud: Cloud, labelled: list[dict[str, Any]], tmp_path: Path
) -> None:
    out = tmp_path / "collected"
    (out / "RED").mkdir(parents=True)
    relabel(cloud, labelled[1]["id"], "Red")
    assert visionflow("data", "collect", "--out", out, "--json")["added"] == 2
    assert {path.parent.name for path in out.rglob("*.jpg")} == {"RED"}
    relabel(cloud, labelled[1]["id"], "rED")
    assert visionflow("data", "collect", "--out", out, "--json")["kept"] == 2


@pytest.mark.parametrize("file", ["../mine.jpg", "/etc/hosts", "a/../../mine.jpg"])
def test_a_lineage_that_leads_out_of_the_folder_is_refused(
    visionflow: Command, labelled: list[dict[str, Any]], tmp_path: Path, file: str
) -> None:
    out = tmp_path / "collected"
    visionflow("data", "collect", "--out", out)
    (tmp_path / "mine.jpg").write_bytes(b"mine")
    line = json.loads((out / LINEAGE_FILE).read_text().splitlines()[0])
    (out / LINEAGE_FILE).write_text(json.dumps({**line, "file": file}) + "\n")
    assert "leads out of the folder" in visionflow("data", "collect", "--out", out)
    assert (tmp_path / "mine.jpg").exists()


def relabel(cloud: Cloud, prediction_id: str, label: str) -> None:
    """Past the API, which refuses many labels."""
    feedback = Feedback(label, "2031-01-01T00:00:00.000000Z", "me", weight=3)
    ReviewStore("predictions", "insights", cloud.dynamodb).give(prediction_id, feedback, "me")


def test_an_image_whose_label_was_taken_back_is_collected_no_more(
    visionflow: Command, cloud: Cloud, labelled: list[dict[str, Any]], tmp_path: Path
) -> None:
    out = tmp_path / "collected"
    visionflow("data", "collect", "--out", out)
    assert cloud.call("DELETE", f"/predictions/{labelled[1]['id']}/feedback").status == 200
    ann = Caller("user:a", "a@example.com", EVERYTHING)
    say(cloud, labelled[0]["id"], {"label": None}, caller=ann)
    done = visionflow("data", "collect", "--out", out, "--json")
    assert (done["unlabelled"], done["unspecific"]) == (1, 1)
    assert list(out.rglob("*.jpg")) == []
    assert visionflow("data", "collect", "--out", out, "--json")["unlabelled"] == 0


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
    assert "3 have a parent of labels or no label" in said
    assert not (out / "colours").exists()
    assert len(list(out.rglob("*.jpg"))) == 1
    # Without such a folder every class lies at the top.
    say(cloud, asked[0], {"label": "red"})
    visionflow("data", "collect", "--out", tmp_path / "flat")
    assert {path.parent.name for path in (tmp_path / "flat").glob("*/*.jpg")} == {"red", "blue"}
