"""A run published to the bucket and the registry: gated, whole, once, and finished by a repeat."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.cli import main
from infra.local_cloud.content import publish_starter
from infra.local_cloud.outputs import Outputs
from tests.images import encode, plain
from tests.integration.conftest import Cloud
from tests.tiny_model import write_tiny_run
from visionflow.errors import ArtifactError, GateError, ModelRetiredError
from visionflow.models.gate import GATE_EXIT_CODE, REQUIRED_CHECKS
from visionflow.models.manifest import (
    MANIFEST_NAME,
    GateCheck,
    Manifest,
    artifact_prefix,
    read_artifact,
)
from visionflow.models.publication import Published, Publisher
from visionflow.models.ref import ModelRef
from visionflow.models.registry import CLAIM_LIFETIME, ModelRegistry
from visionflow.models.routing import Order
from visionflow.models.store import ModelStore
from visionflow.strict import parse

# From here on boto3 uploads in parts.
IN_PARTS = 8 * 1024 * 1024


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_tiny_run(tmp_path / "run")


def publisher(s3: Any = None, dynamodb: Any = None) -> Publisher:
    return Publisher(
        ModelStore("models", s3 or boto3.client("s3")),
        ModelRegistry("registry", dynamodb or boto3.client("dynamodb")),
    )


def order() -> Order:
    return Order("somebody", datetime.now(UTC))


def versioned(run: Path, version: str) -> Manifest:
    return replace(read_artifact(run), version=version)


def published(run: Path, version: str = "1", **options: Any) -> Published:
    options = {"promote": True, **options}
    return publisher().publish(run, versioned(run, version), order, **options)


def keys(cloud: Cloud) -> set[str]:
    listed = cloud.s3.list_objects_v2(Bucket="models")
    return {entry["Key"] for entry in listed.get("Contents", [])}


def moves_to(cloud: Cloud, version: str) -> int:
    rows = cloud.dynamodb.scan(TableName="registry")["Items"]
    return sum(row["pk"]["S"] == "HISTORY" and row["version"]["S"] == version for row in rows)


def test_a_promoted_version_answers_the_next_prediction(empty_cloud: Cloud, run: Path) -> None:
    found = published(run)
    assert (found.name, found.version, found.precision) == ("tiny", "1", "fp32")
    assert found.gate_passed
    assert found.force is None
    assert found.serves
    assert empty_cloud.predict(encode(plain())).body["model"] == {"name": "tiny", "version": "1"}
    prefix = artifact_prefix("tiny", "1")
    names = {MANIFEST_NAME, "model.onnx", "report.html", "plots/large.png"}
    assert keys(empty_cloud) == {prefix + name for name in names}
    page = empty_cloud.s3.head_object(Bucket="models", Key=prefix + "report.html")
    assert page["ContentType"] == "text/html"


def test_without_promote_the_version_before_goes_on(empty_cloud: Cloud, run: Path) -> None:
    published(run)
    second = published(run, version="2", promote=False)
    assert not second.serves
    assert empty_cloud.registry.version(ModelRef("tiny", "2")) is not None
    assert empty_cloud.registry.current() == ModelRef("tiny", "1")


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        ((), "fp32_logit_difference was not measured; fp32_top1_changes was not measured"),
        (
            (
                GateCheck("fp32_logit_difference", 0.5, 0.1, passed=False),
                GateCheck("fp32_top1_changes", 0.0, 0.0, passed=True),
            ),
            "fp32_logit_difference is 0.5, the limit 0.1",
        ),
        (
            (GateCheck("fp32_logit_difference", 0.0, 0.1, passed=True),),
            "fp32_top1_changes was not measured",
        ),
    ],
)
def test_a_gate_that_has_not_passed_holds_a_version_back(
    empty_cloud: Cloud, tmp_path: Path, gate: tuple[GateCheck, ...], message: str
) -> None:
    run = write_tiny_run(tmp_path / "run", gate)
    with pytest.raises(GateError, match=message):
        published(run)
    assert keys(empty_cloud) == set()
    assert empty_cloud.registry.version(ModelRef("tiny", "1")) is None


def test_a_starter_that_its_gate_holds_back_is_not_published(
    empty_cloud: Cloud, tmp_path: Path
) -> None:
    outputs = parse(
        Outputs,
        dict.fromkeys(Outputs.__dataclass_fields__, "")
        | {"models_bucket": "models", "registry_table": "registry"},
        "outputs",
    )
    held_back = write_tiny_run(tmp_path / "held_back", gate=())
    with pytest.raises(GateError):
        publish_starter(held_back, outputs, empty_cloud.s3, empty_cloud.dynamodb)
    assert keys(empty_cloud) == set()
    publish_starter(write_tiny_run(tmp_path / "run"), outputs, empty_cloud.s3, empty_cloud.dynamodb)
    assert empty_cloud.registry.current() == ModelRef("tiny", "1")


def test_a_force_is_kept_with_the_version(empty_cloud: Cloud, tmp_path: Path) -> None:
    run = write_tiny_run(tmp_path / "run", gate=())
    found = published(run, force_reason="a demonstration")
    row = empty_cloud.registry.version(ModelRef("tiny", "1"))
    assert row is not None
    assert not row.gate_passed
    assert row.force == found.force
    assert row.force is not None
    assert (row.force.by, row.force.reason) == ("somebody", "a demonstration")
    assert row.force.failed == tuple(f"{name} was not measured" for name in REQUIRED_CHECKS["fp32"])
    assert row.force.at.endswith("Z")
    again = published(run, force_reason="another reason")
    assert again.force == found.force  # a row never changes


def test_a_force_that_was_not_needed_is_none(empty_cloud: Cloud, run: Path) -> None:
    assert published(run, force_reason="to be sure").force is None


def test_a_version_with_other_content_is_refused(
    empty_cloud: Cloud, run: Path, tmp_path: Path
) -> None:
    published(run)
    before = empty_cloud.s3.get_object(Bucket="models", Key="models/tiny/1/plots/large.png")
    other = write_tiny_run(tmp_path / "other", large=200)
    with pytest.raises(ArtifactError, match="published with other content"):
        published(other)
    after = empty_cloud.s3.get_object(Bucket="models", Key="models/tiny/1/plots/large.png")
    assert after["ETag"] == before["ETag"]


def test_a_version_of_schema_1_is_published_again_without_a_change(
    empty_cloud: Cloud, run: Path
) -> None:
    published(run)
    key = "models/tiny/1/manifest.json"
    old = json.loads(empty_cloud.s3.get_object(Bucket="models", Key=key)["Body"].read())
    del old["familiarity"], old["conformity"]
    empty_cloud.s3.put_object(
        Bucket="models", Key=key, Body=json.dumps(old | {"schema_version": 1}).encode()
    )
    published(run)
    assert empty_cloud.models.manifest(ModelRef("tiny", "1")) == read_artifact(run)


def test_of_two_that_publish_at_once_the_first_wins_whole(
    empty_cloud: Cloud, run: Path, tmp_path: Path
) -> None:
    other = write_tiny_run(tmp_path / "other", large=200)
    slow = boto3.client("s3")

    def overtake(**_: Any) -> None:
        slow.meta.events.unregister("before-call.s3.PutObject", overtake)
        with pytest.raises(ArtifactError, match="is being published with other content"):
            published(run)

    slow.meta.events.register("before-call.s3.PutObject", overtake)
    publisher(s3=slow).publish(other, read_artifact(other), order, promote=True)
    # Not a byte of it is the other's.
    folder = empty_cloud.models.fetch(read_artifact(other), tmp_path / "cache")
    assert read_artifact(other).served_file.path in {file.name for file in folder.iterdir()}
    head = empty_cloud.s3.head_object(Bucket="models", Key="models/tiny/1/plots/large.png")
    assert head["ContentLength"] == 200


def test_of_two_that_take_the_next_version_at_once_each_gets_one(
    empty_cloud: Cloud, run: Path, tmp_path: Path
) -> None:
    other = write_tiny_run(tmp_path / "other", large=200)
    slow = boto3.client("s3")
    found: list[Published] = []

    def overtake(**_: Any) -> None:
        slow.meta.events.unregister("before-call.s3.PutObject", overtake)
        found.append(
            publisher().publish(run, read_artifact(run), order, promote=False, version="next")
        )

    slow.meta.events.register("before-call.s3.PutObject", overtake)
    found.append(
        publisher(s3=slow).publish(
            other, read_artifact(other), order, promote=False, version="next"
        )
    )
    assert [one.version for one in found] == ["2", "1"]
    for folder, one in zip((run, other), found, strict=True):
        manifest = replace(read_artifact(folder), version=one.version)
        assert empty_cloud.models.manifest(ModelRef("tiny", one.version)) == manifest


def next_of(folder: Path, choice: Any = "next", name: str = "tiny") -> str:
    manifest = replace(read_artifact(folder), name=name)
    return publisher().publish(folder, manifest, order, promote=False, version=choice).version


def test_the_next_version_is_behind_the_highest_and_the_same_run_keeps_its_own(
    empty_cloud: Cloud, run: Path, tmp_path: Path
) -> None:
    others = [write_tiny_run(tmp_path / f"other{n}", large=200 + n) for n in range(2)]
    published(run, version="1.4.0")
    assert next_of(others[0]) == "1.4.1"
    assert next_of(run) == "1.4.0"
    assert next_of(others[0], "own-or-next") == "1.4.1"
    # A version that nobody chose is not kept below a higher one; one that somebody chose is.
    assert next_of(others[1], "own-or-next") == "1"
    assert next_of(others[1], name="another") == "1"


def test_a_publication_that_was_killed_goes_on_with_its_version(
    empty_cloud: Cloud, run: Path, tmp_path: Path
) -> None:
    other = write_tiny_run(tmp_path / "other", large=200)
    published(run, version="3")
    mortal = Mortal()
    with pytest.raises(DeadError):
        mortal.life = 15
        mortal.publisher.publish(other, read_artifact(other), order, promote=False, version="next")
    assert empty_cloud.registry.claims("tiny").keys() == {"3", "4"}
    third = write_tiny_run(tmp_path / "third", large=300)
    assert next_of(third) == "5"
    assert next_of(other) == "4"


def test_a_claim_that_nobody_made_good_ends(empty_cloud: Cloud) -> None:
    registry, now = empty_cloud.registry, datetime.now(UTC)
    model = ModelRef("tiny", "1")
    assert registry.claim(model, "mine", now)
    assert not registry.claim(model, "other", now + CLAIM_LIFETIME / 2)
    assert registry.claim(model, "mine", now)
    assert registry.claim(model, "other", now + 2 * CLAIM_LIFETIME)


@pytest.mark.parametrize("choice", ["own", "next", "own-or-next"])
def test_what_is_retired_says_so_when_it_is_published_again(
    empty_cloud: Cloud, run: Path, choice: Any
) -> None:
    published(run, promote=False)
    empty_cloud.registry.retire(ModelRef("tiny", "1"), order())
    with pytest.raises(ModelRetiredError, match=r"tiny/1 was published before .*: --version 2\."):
        publisher().publish(run, versioned(run, "1"), order, promote=False, version=choice)
    assert published(run, version="2").serves


def test_a_damaged_artifact_is_not_published(empty_cloud: Cloud, run: Path) -> None:
    (run / "plots" / "large.png").write_bytes(b"damaged")
    with pytest.raises(ArtifactError, match=r"plots/large\.png: content differs"):
        published(run)
    assert keys(empty_cloud) == set()


@pytest.mark.parametrize("value", ["꽃 사진", "../../1", "1/2", "1#2", "-1", "x" * 101])
@pytest.mark.parametrize("what", ["name", "version"])
def test_what_cannot_be_a_key_is_stored_by_nobody(
    empty_cloud: Cloud, run: Path, what: str, value: str
) -> None:
    manifest = read_artifact(run)
    manifest = replace(manifest, name=value) if what == "name" else versioned(run, value)
    with pytest.raises(ArtifactError, match=f"give another with --{what}"):
        publisher().publish(run, manifest, order, promote=True)
    assert keys(empty_cloud) == set()


class DeadError(Exception):
    """Raised by every call of a `Mortal` that has died."""


class Mortal:
    """A process that dies at its ``life``-th step: ahead of a call to AWS or right after it.

    From then on nothing it tries reaches AWS.
    """

    def __init__(self) -> None:
        self.life = 10_000
        self.steps = 0
        s3, dynamodb = boto3.client("s3"), boto3.client("dynamodb")
        self.publisher = publisher(s3, dynamodb)
        for client in (s3, dynamodb):
            for step in ("before-call", "after-call"):
                client.meta.events.register(step, self._step)

    def publish(self, run: Path, manifest: Manifest, life: int = 10_000) -> None:
        self.steps, self.life = 0, life
        self.publisher.publish(run, manifest, order, promote=True)

    def _step(self, **_: Any) -> None:
        self.steps += 1
        if self.steps > self.life:
            raise DeadError


def test_whenever_it_is_killed_no_half_version_shows_and_a_repeat_finishes(
    empty_cloud: Cloud, run: Path
) -> None:
    mortal, immortal = Mortal(), publisher()
    mortal.publish(run, read_artifact(run))
    steps = mortal.steps
    assert steps > 15
    for life in range(steps):
        manifest = versioned(run, f"killed-{life}")
        with pytest.raises(DeadError):
            mortal.publish(run, manifest, life)
        assert_nothing_is_half_there(empty_cloud, manifest)
        assert immortal.publish(run, manifest, order, promote=True).serves
        assert moves_to(empty_cloud, manifest.version) == 1


def test_a_file_that_goes_in_parts_shows_only_as_a_whole(
    empty_cloud: Cloud, tmp_path: Path
) -> None:
    run = write_tiny_run(tmp_path / "run", large=IN_PARTS)
    manifest = read_artifact(run)
    mortal = Mortal()
    with pytest.raises(DeadError):
        mortal.publish(run, manifest, life=14)
    assert empty_cloud.s3.list_multipart_uploads(Bucket="models")["Uploads"]
    assert_nothing_is_half_there(empty_cloud, manifest)
    assert published(run).serves
    head = empty_cloud.s3.head_object(Bucket="models", Key="models/tiny/1/plots/large.png")
    assert head["ContentLength"] == IN_PARTS


def assert_nothing_is_half_there(cloud: Cloud, manifest: Manifest) -> None:
    """Each of manifest, row and alias is there only with what comes before it."""
    model = ModelRef(manifest.name, manifest.version)
    prefix = artifact_prefix(*model.__dict__.values())
    there = keys(cloud)
    if prefix + MANIFEST_NAME in there:
        for entry in manifest.all_files():
            head = cloud.s3.head_object(Bucket="models", Key=prefix + entry.path)
            assert head["ContentLength"] == entry.size
    else:
        assert cloud.registry.version(model) is None
    if cloud.registry.version(model) is None:
        assert cloud.registry.current() != model


@pytest.fixture
def stage(empty_cloud: Cloud) -> Callable[..., int]:
    """`visionflow publish` against a deployed stage ``dev``."""
    empty_cloud.s3.delete_bucket(Bucket="models")
    template = {
        "Resources": {
            "Models": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "models"}}
        },
        "Outputs": {
            name: {"Value": value}
            for name, value in {
                "ImagesBucket": "images",
                "ModelsBucket": "models",
                "PredictionsTable": "predictions",
                "RegistryTable": "registry",
                "InsightsTable": "insights",
                "AuditTable": "audit",
                "UsageTable": "usage",
                "BudgetTopic": "arn:aws:sns:eu-central-1:123456789012:budget",
            }.items()
        },
    }
    boto3.client("cloudformation").create_stack(
        StackName="VisionFlow-Dev-Data", TemplateBody=json.dumps(template)
    )

    def command(*arguments: object) -> int:
        return main.main(["publish", *map(str, arguments), "--stage", "dev"])

    return command


def test_the_command_publishes_to_a_stage_on_aws(
    empty_cloud: Cloud, stage: Callable[..., int], run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--name", "mine", "--version", "7", "--promote", "--json")
    assert stage(run, *options) == 0
    captured = capsys.readouterr()
    answer = json.loads(captured.out)
    assert (answer["name"], answer["version"], answer["serves"]) == ("mine", "7", True)
    assert answer["classes"] is None
    assert empty_cloud.registry.current() == ModelRef("mine", "7")
    assert empty_cloud.models.manifest(ModelRef("mine", "7")).name == "mine"
    (entry,) = empty_cloud.call("GET", "/audit").body["items"]
    assert entry["by"] == "arn:aws:sts::123456789012:user/moto"
    assert (entry["action"], entry["subject"]) == ("visionflow publish", "mine 7")
    assert (entry["status"], entry["details"]) == (200, {"promote": True, "version": "7"})


def test_the_command_tells_who_forced_what(
    empty_cloud: Cloud,
    stage: Callable[..., int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = write_tiny_run(tmp_path / "run", gate=())
    assert stage(run) == GATE_EXIT_CODE
    assert "--force REASON" in capsys.readouterr().err
    assert stage(run, "--force", "a demonstration") == 0
    out = capsys.readouterr().out
    assert "Forced by arn:aws:sts::123456789012:user/moto (a demonstration)" in out
    assert "fp32_top1_changes was not measured" in out


def test_a_stage_that_is_not_deployed_is_one_sentence(
    aws: None, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["publish", str(run), "--stage", "prod"]) == 1
    error = capsys.readouterr().err
    assert "VisionFlow-Prod-Data does not exist" in error
    assert len(error.splitlines()) == 1


def test_what_aws_refuses_is_one_sentence(
    empty_cloud: Cloud, stage: Callable[..., int], run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty_cloud.s3.delete_bucket(Bucket="models")
    assert stage(run) == 1
    error = capsys.readouterr().err
    assert "NoSuchBucket" in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize(
    ("holds", "said"),
    [
        (None, "no such folder"),
        ((), "is not a run, it has no manifest.json"),
        (("report.html",), "is not a run"),
        (("groups.json",), "the run has not finished. Repeat the command that began it"),
        (("groups.json", "checkpoint.pt"), "the run has not finished"),
    ],
)
def test_what_is_not_a_finished_run_says_so(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    holds: tuple[str, ...] | None,
    said: str,
) -> None:
    folder = tmp_path / "run"
    for name in holds or ():
        folder.mkdir(exist_ok=True)
        (folder / name).touch()
    if holds == ():
        folder.mkdir()
    assert main.main(["publish", str(folder), "--state", str(tmp_path / "state")]) == 1
    assert said in capsys.readouterr().err


def test_the_command_publishes_under_the_next_version(
    empty_cloud: Cloud, stage: Callable[..., int], run: Path, tmp_path: Path, capsys: Any
) -> None:
    assert stage(run, "--version", "1.0.0", "--promote") == 0
    other = write_tiny_run(tmp_path / "other", large=200)
    text = (other / MANIFEST_NAME).read_text(encoding="utf-8")
    (other / MANIFEST_NAME).write_text(text.replace('"blue"', '"Blue"'), encoding="utf-8")
    capsys.readouterr()
    assert stage(other, "--version", "next", "--promote") == 0
    out = capsys.readouterr().out
    assert "tiny 1.0.1" in out
    assert "is renamed: blue is Blue." in out
    assert stage(other, "--version", "next") == 0
    assert "tiny 1.0.1" in capsys.readouterr().out


def test_without_a_local_cloud_it_says_how_to_start_one(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["publish", str(run), "--state", str(tmp_path / "state")]) == 1
    assert "start one with 'visionflow up'" in capsys.readouterr().err
