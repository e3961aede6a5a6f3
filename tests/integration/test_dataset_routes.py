"""The routes about datasets, through the API's handler, on moto."""

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import boto3
import pytest

from lambdas.api.datasets import routes
from lambdas.api.datasets.bodies import MOST_CHANGES, MOST_PREDICTIONS, MOST_THUMBNAILS
from lambdas.api.resources import resources
from lambdas.classification.announcements import Arrival, Watched, announced
from tests.images import encode, plain
from tests.integration.conftest import API, DATASETS, JOB_CONTROL, PLENTY, SERVED, Answer, Cloud
from tests.jobs import record, request
from visionflow.access.caller import Caller
from visionflow.access.quotas import Amounts, Quotas
from visionflow.access.usage import UsageSettings
from visionflow.datasets.images.curation import ImageContent
from visionflow.datasets.images.sources import ImageSources
from visionflow.datasets.images.store import DatasetImages as ImageRows
from visionflow.datasets.names import source_of
from visionflow.datasets.record import DatasetImage
from visionflow.datasets.run import RunResult
from visionflow.datasets.run_store import RunStore
from visionflow.datasets.store import DatasetStore
from visionflow.images.store import ImageStore
from visionflow.insights.copies import DatasetCopies
from visionflow.jobs.store import JobStore
from visionflow.loop.curation_queue import WINDOW_S
from visionflow.predictions.store import PredictionStore

RED, BLUE = encode(plain("red")), encode(plain("blue"))
LABELLER = Caller("user:1", "l@example.com", frozenset({"read", "predict", "label", "feedback"}))


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Datasets:
    """The routes as a client calls them, and what the curation would do."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        cloud.s3.create_bucket(
            Bucket=DATASETS.datasets_bucket,
            CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
        )
        self.store = DatasetStore(DATASETS.datasets_table, cloud.dynamodb)
        self.runs = RunStore(DATASETS.datasets_table, cloud.dynamodb)

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Answer:
        return self.cloud.call("GET", f"/datasets{path}", dict(query or {}))

    def post(self, path: str, body: Any, caller: Caller | None = None) -> Answer:
        data = json.dumps(body).encode()
        return self.cloud.call(
            "POST", f"/datasets{path}", None, data, "application/json", caller=caller
        )

    def delete(self, name: str) -> Answer:
        return self.cloud.call("DELETE", f"/datasets/{name}")

    def upload(self, data: bytes, **more: Any) -> Answer:
        image = {"sha256": sha(data), "bytes": len(data), "content_type": "image/jpeg", **more}
        return self.post("/animals/uploads", {"images": [image]})

    def arrive(self, data: bytes) -> None:
        """Put the bytes, and what curation writes of them."""
        key = f"content/animals/{sha(data)}"
        self.cloud.s3.put_object(Bucket=DATASETS.datasets_bucket, Key=key, Body=data)
        announced = self.store.images.image("animals", sha(data))
        found = DatasetImage(
            sha256=announced.sha256,
            state="ready",
            added_at=announced.added_at,
            added_by=announced.added_by,
            source=announced.source,
            bytes=len(data),
            width=8,
            height=8,
            group=announced.sha256,
        )
        self.store.curation.curated(
            "animals", found, ImageContent(embedding=b"e", thumbnail=b"t", trunk="x")
        )

    def add(self, data: bytes, label: str | None = None) -> str:
        assert self.upload(data, label=label).status == 200
        self.arrive(data)
        return sha(data)

    def images(self, **query: Any) -> list[dict[str, Any]]:
        answer = self.get("/animals/images", query)
        assert answer.status == 200, answer.body
        items: list[dict[str, Any]] = answer.body["items"]
        return items


@pytest.fixture
def datasets(empty_cloud: Cloud) -> Datasets:
    """With a dataset of two classes without an image."""
    found = Datasets(empty_cloud)
    made = found.post("", {"name": "animals", "classes": ["cat", "dog"]}, LABELLER)
    assert made.status == 201, made.body
    return found


def problem(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["code"]


def test_a_dataset_is_made_once_and_shown(datasets: Datasets) -> None:
    details = datasets.get("/animals").body
    assert details["dataset"]["classes"] == [
        {"name": "cat", "ko": None, "en": None},
        {"name": "dog", "ko": None, "en": None},
    ]
    assert details["dataset"]["created_by"] == "l@example.com"
    assert (details["health"], details["latest"], details["run"]) == (None, None, None)
    assert datasets.get("").body == {"items": [details["dataset"]]}
    assert problem(datasets.post("", {"name": "animals"})) == (409, "dataset_conflict")


def test_a_dataset_has_at_most_a_thousand_classes(datasets: Datasets) -> None:
    classes = [f"c{number}" for number in range(1001)]
    refused = datasets.post("", {"name": "many", "classes": classes})
    assert problem(refused) == (409, "dataset_conflict")
    assert "1,000 classes" in refused.body["detail"]
    assert datasets.get("/many").status == 404
    assert datasets.post("", {"name": "many", "classes": classes[1:]}).status == 201
    added = datasets.post("/many/classes", {"action": "add", "name": "one more"})
    assert problem(added) == (409, "dataset_conflict")
    assert len(datasets.get("/many").body["dataset"]["classes"]) == 1000


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "Animals"}, "invalid_parameter"),
        ({"name": "../x"}, "invalid_parameter"),
        ({"name": "a" * 65}, "invalid_parameter"),
        ({"name": "a", "classes": ["cat", "Cat"]}, "invalid_parameter"),
        ({"name": "a", "classes": ["a/b"]}, "invalid_parameter"),
        ({"name": "a", "classes": ["x", 1]}, "invalid_body"),
        ({"name": 1}, "invalid_body"),
        ({"classes": []}, "missing_field"),
        ({"name": "a", "labels": []}, "invalid_body"),
    ],
)
def test_what_cannot_be_a_dataset_is_refused(datasets: Datasets, body: Any, code: str) -> None:
    assert problem(datasets.post("", body)) == (400, code)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("DELETE", "", None),
        ("GET", "/images", None),
        ("GET", f"/images/{'0' * 64}", None),
        ("GET", f"/thumbnails?images={'0' * 64}", None),
        ("GET", f"/links?images={'0' * 64}", None),
        (
            "POST",
            "/uploads",
            {"images": [{"sha256": "0" * 64, "bytes": 1, "content_type": "image/png"}]},
        ),
        ("POST", "/changes", {"changes": [{"sha256": "0" * 64, "removed": True}]}),
        ("POST", "/classes", {"action": "add", "name": "cat"}),
        ("POST", "/predictions", {"ids": ["a"]}),
        ("GET", "/versions", None),
        ("POST", "/versions", {}),
        ("GET", "/versions/1", None),
        ("GET", "/versions/2/diff", None),
        ("POST", "/train", {}),
        ("GET", "/runs", None),
        ("GET", "/runs/1", None),
    ],
)
def test_a_dataset_that_is_not_there_is_a_problem(
    datasets: Datasets, method: str, path: str, body: Any
) -> None:
    path, _, query = path.partition("?")
    data = None if body is None else json.dumps(body).encode()
    answer = datasets.cloud.call(method, f"/datasets/plants{path}", dict(parse_qsl(query)), data)
    assert problem(answer) == (404, "dataset_missing")
    assert "'plants'" in answer.body["detail"]


def test_an_image_is_sent_by_a_signed_request_and_known_afterwards(datasets: Datasets) -> None:
    asked = datasets.upload(RED, label="Cat", file_name="C:\\cats\\my cat.jpg")
    assert asked.status == 200, asked.body
    (form,) = asked.body["forms"]
    url = urlsplit(form["url"])
    assert (url.path, asked.body["known"]) == (f"/content/animals/{sha(RED)}", [])
    digest = base64.b64encode(hashlib.sha256(RED).digest()).decode()
    assert form["headers"] == {
        "Content-Type": "image/jpeg",
        "If-None-Match": "*",
        "x-amz-checksum-sha256": digest,
        "x-amz-meta-owner": "anonymous",
    }
    # S3 refuses a request whose signed headers have other values.
    assert dict(parse_qsl(url.query))["X-Amz-SignedHeaders"].split(";") == [
        *("content-length", "content-type", "host", "if-none-match"),
        *("x-amz-checksum-sha256", "x-amz-meta-owner"),
    ]
    (image,) = datasets.images()
    assert (image["state"], image["label"], image["file_name"]) == ("pending", "cat", "my cat.jpg")
    # One that was announced and has not arrived is asked for again.
    assert len(datasets.upload(RED).body["forms"]) == 1
    datasets.arrive(RED)
    assert datasets.upload(RED).body == {"known": [sha(RED)], "forms": [], "erased": []}
    details = datasets.get(f"/animals/images/{sha(RED)}").body
    assert details["image"]["state"] == "ready"
    assert urlsplit(details["url"]).path == f"/content/animals/{sha(RED)}"


def test_changes_of_one_window_have_the_images_compared_once(
    datasets: Datasets, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    sqs = routes.endpoints.service().images.curation.sqs
    monkeypatch.setattr(sqs, "send_message", lambda **message: sent.append(message))
    now = [1_000_000.0]
    clock = SimpleNamespace(time=lambda: now[0])
    monkeypatch.setattr("visionflow.loop.curation_queue.time", clock)
    red = datasets.add(RED)
    body = {"changes": [{"sha256": red, "label": "dog"}]}

    def change() -> None:
        assert datasets.post("/animals/changes", body).body == {"changed": 1}

    change()
    added = {"action": "add", "name": "cow"}
    assert datasets.post("/animals/classes", added).status == 200
    wave = json.loads(sent[0]["MessageBody"])["wave"]
    assert [message["DelaySeconds"] for message in sent] == [WINDOW_S]
    assert datasets.store.due_token("animals", wave) == datasets.store.unexamined("animals")
    # A later one makes what the first asked for needless, and asks for itself.
    now[0] += WINDOW_S
    change()
    assert len(sent) == 2
    assert datasets.store.due_token("animals", wave) is None
    # What changes nothing asks for nothing.
    now[0] += WINDOW_S
    body["changes"][0]["sha256"] = "0" * 64
    assert datasets.post("/animals/changes", body).body == {"changed": 0}
    assert len(sent) == 2


def test_an_image_whose_message_was_lost_is_brought_to_the_curation_again(
    datasets: Datasets,
) -> None:
    datasets.upload(RED)
    key, sqs = f"content/animals/{sha(RED)}", datasets.cloud.sqs
    put = datasets.cloud.s3.put_object(Bucket=DATASETS.datasets_bucket, Key=key, Body=RED)
    assert datasets.upload(RED).body == {"known": [sha(RED)], "forms": [], "erased": []}
    (message,) = sqs.receive_message(QueueUrl=DATASETS.curation_queue)["Messages"]
    ((found, _),) = announced(
        json.loads(message["Body"]), Arrival, Watched(DATASETS.datasets_bucket, ("content/",))
    ).arrivals
    etag = put["ETag"].strip('"')
    assert found == Arrival(DATASETS.datasets_bucket, key, None, etag, len(RED))
    # One that never came is asked for, and the curation is not.
    assert len(datasets.upload(BLUE).body["forms"]) == 1
    assert len(datasets.upload(BLUE).body["forms"]) == 1
    assert "Messages" not in sqs.receive_message(QueueUrl=DATASETS.curation_queue)


def test_an_image_that_has_not_arrived_has_no_url(datasets: Datasets) -> None:
    datasets.upload(RED)
    assert datasets.get(f"/animals/images/{sha(RED)}").body["url"] is None


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"sha256": "0" * 63}, 400, "invalid_parameter"),
        ({"sha256": "A" * 64}, 400, "invalid_parameter"),
        ({"label": "bird"}, 400, "invalid_parameter"),
        ({"content_type": "image/svg+xml"}, 415, "unsupported_media_type"),
        ({"bytes": 0}, 422, "image_empty"),
        ({"bytes": 32_000_001}, 413, "image_too_large"),
        ({"bytes": "1"}, 400, "invalid_body"),
        ({"source": "drop"}, 400, "invalid_body"),
        ({"owner": "me"}, 400, "invalid_body"),
    ],
)
def test_what_could_not_be_learned_from_gets_no_form(
    datasets: Datasets, change: dict[str, Any], status: int, code: str
) -> None:
    answer = datasets.upload(RED, **change)
    assert problem(answer) == (status, code)
    assert datasets.images() == []


def test_a_label_that_is_not_a_class_is_answered_with_the_classes(datasets: Datasets) -> None:
    detail = datasets.upload(RED, label="bird").body["detail"]
    assert "(cat, dog)" in detail
    assert "POST /datasets/animals/classes" in detail


@pytest.mark.parametrize("count", [0, 101])
def test_a_call_has_1_to_100_uploads(datasets: Datasets, count: int) -> None:
    image = {"sha256": "0" * 64, "bytes": 1, "content_type": "image/png"}
    answer = datasets.post("/animals/uploads", {"images": [image] * count})
    assert problem(answer) == (400, "invalid_parameter")


@pytest.mark.parametrize("count", [0, MOST_CHANGES + 1])
def test_a_call_has_1_to_500_changes(datasets: Datasets, count: int) -> None:
    change = {"sha256": "0" * 64, "removed": True}
    answer = datasets.post("/animals/changes", {"changes": [change] * count})
    assert problem(answer) == (400, "invalid_parameter")


@pytest.mark.parametrize("count", [0, MOST_PREDICTIONS + 1])
def test_a_call_has_1_to_25_predictions(datasets: Datasets, count: int) -> None:
    answer = datasets.post("/animals/predictions", {"ids": [str(n) for n in range(count)]})
    assert problem(answer) == (400, "invalid_parameter")


def restart() -> None:
    """As if the functions were deployed again, with the environment as it is now."""
    resources.cache_clear()
    for group in SERVED:
        group.service.cache_clear()


def test_uploads_count_against_the_quotas(
    datasets: Datasets, monkeypatch: pytest.MonkeyPatch
) -> None:
    quotas = Quotas(10**6, Amounts(10**6, 1, 10**9, 1, 1.0), PLENTY)
    for name, value in UsageSettings.of("usage", quotas).to_env().items():
        monkeypatch.setenv(name, value)
    restart()
    assert datasets.upload(RED).status == 200
    refused = datasets.upload(BLUE)
    assert problem(refused) == (429, "quota_exceeded")
    assert [image["sha256"] for image in datasets.images()] == [sha(RED)]
    # What is there already costs nothing.
    datasets.arrive(RED)
    assert datasets.upload(RED).body["known"] == [sha(RED)]


def test_images_are_listed_by_pages_and_filters(datasets: Datasets) -> None:
    red, blue = datasets.add(RED, "cat"), datasets.add(BLUE)
    first, second = sorted([red, blue])
    page = datasets.get("/animals/images", {"limit": 1}).body
    assert [image["sha256"] for image in page["items"]] == [first]
    rest = datasets.get("/animals/images", {"limit": 1, "cursor": page["next_cursor"]}).body
    assert [image["sha256"] for image in rest["items"]] == [second]
    for query, expected in (
        ({"label": "cat"}, [red]),
        ({"filter": "unlabelled"}, [blue]),
        ({"filter": "suspected"}, []),
        ({"state": "pending"}, []),
    ):
        assert [image["sha256"] for image in datasets.images(**query)] == expected


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": 1001}, "invalid_parameter"),
        ({"limit": 0}, "invalid_parameter"),
        ({"filter": "bad"}, "invalid_parameter"),
        ({"state": "bad"}, "invalid_parameter"),
        ({"cursor": "bad"}, "invalid_cursor"),
    ],
)
def test_a_bad_page_is_refused(datasets: Datasets, query: dict[str, Any], code: str) -> None:
    assert problem(datasets.get("/animals/images", query)) == (400, code)


def test_thumbnails_come_as_data_urls(datasets: Datasets) -> None:
    red = datasets.add(RED)
    asked = datasets.get("/animals/thumbnails", {"images": f"{red},{'0' * 64}"})
    assert asked.body == {"items": {red: "data:image/jpeg;base64,dA=="}}


def test_links_open_the_bytes_of_images_that_have_arrived(datasets: Datasets) -> None:
    red = datasets.add(RED)
    datasets.upload(BLUE)
    asked = {"images": f"{red},{sha(BLUE)},{'0' * 64}"}
    items = datasets.get("/animals/links", asked).body["items"]
    assert list(items) == [red]
    assert urlsplit(items[red]).path == f"/content/animals/{red}"


@pytest.mark.parametrize("route", ["thumbnails", "links"])
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "missing_field"),
        ({"images": "x"}, "invalid_parameter"),
        ({"images": ",".join(["0" * 64] * (MOST_THUMBNAILS + 1))}, "invalid_parameter"),
    ],
)
def test_bad_lists_of_images_are_refused(
    datasets: Datasets, route: str, query: dict[str, str], code: str
) -> None:
    assert problem(datasets.get(f"/animals/{route}", query)) == (400, code)


def test_images_are_labelled_moved_and_removed_each_alone(datasets: Datasets) -> None:
    red = datasets.add(RED, "cat")

    def change(**fields: Any) -> Any:
        body = {"changes": [{"sha256": red, **fields}]}
        answer = datasets.post("/animals/changes", body, LABELLER)
        assert answer.body == {"changed": 1}
        return datasets.get(f"/animals/images/{red}").body["image"]

    found = change(part="test")
    assert (found["label"], found["part"], found["removed"]) == ("cat", "test", False)
    found = change(label="dog")
    assert (found["label"], found["labelled_by"]) == ("dog", "l@example.com")
    assert change(label=None)["label"] is None
    assert change(part=None)["part"] is None
    assert change(removed=True)["removed"]
    assert datasets.images() == []
    # Whoever adds it again has it back.
    assert datasets.upload(RED, label="cat").body["known"] == [red]
    assert [image["label"] for image in datasets.images()] == ["cat"]
    unknown = {"changes": [{"sha256": "0" * 64, "removed": True}]}
    assert datasets.post("/animals/changes", unknown).body == {"changed": 0}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, "invalid_body"),
        ({"label": "bird"}, "invalid_parameter"),
        ({"part": "training"}, "invalid_body"),
        ({"removed": None}, "invalid_body"),
        ({"group": "x"}, "invalid_body"),
    ],
)
def test_a_bad_change_is_refused(datasets: Datasets, change: dict[str, Any], code: str) -> None:
    answer = datasets.post("/animals/changes", {"changes": [{"sha256": "0" * 64, **change}]})
    assert problem(answer) == (400, code)


def test_an_item_that_is_wrong_is_named(datasets: Datasets) -> None:
    good = {"sha256": "0" * 64, "removed": True}
    answer = datasets.post("/animals/changes", {"changes": [good, {"removed": True}]})
    assert problem(answer) == (400, "missing_field")
    assert "changes[1]" in answer.body["detail"]


def test_classes_are_added_renamed_merged_and_deleted(datasets: Datasets) -> None:
    red = datasets.add(RED, "cat")

    def change(**body: Any) -> list[str]:
        answer = datasets.post("/animals/classes", body)
        assert answer.status == 200, answer.body
        return [found["name"] for found in answer.body["classes"]]

    assert change(action="add", name="bird", ko="새") == ["cat", "dog", "bird"]
    assert change(action="rename", name="cat", to="tiger") == ["tiger", "dog", "bird"]
    assert datasets.get(f"/animals/images/{red}").body["image"]["label"] == "tiger"
    assert change(action="merge", name="tiger", to="dog") == ["dog", "bird"]
    assert change(action="delete", name="bird") == ["dog"]
    assert [image["label"] for image in datasets.images()] == ["dog"]
    for body, code in (
        ({"action": "add", "name": "Dog"}, "invalid_parameter"),
        ({"action": "rename", "name": "cow", "to": "x"}, "invalid_parameter"),
        ({"action": "drop", "name": "dog"}, "invalid_body"),
        ({"action": "add"}, "missing_field"),
    ):
        assert problem(datasets.post("/animals/classes", body)) == (400, code)


def test_versions_are_kept_compared_and_led_back_to(datasets: Datasets) -> None:
    red = datasets.add(RED, "cat")
    first = datasets.post("/animals/versions", {"note": "first"}, LABELLER)
    assert (first.status, first.body["number"], first.body["note"]) == (201, 1, "first")
    assert datasets.post("/animals/versions", {}).body == first.body
    blue = datasets.add(BLUE, "dog")
    datasets.post("/animals/changes", {"changes": [{"sha256": red, "label": "dog"}]})
    second = datasets.post("/animals/versions", {}).body
    assert datasets.get("/animals/versions").body == {"items": [second, first.body]}
    assert datasets.get("/animals").body["latest"] == second
    found = datasets.get("/animals/versions/2").body
    assert (found["version"], found["models"]) == (second, [])
    key = urlsplit(found["url"]).path.removeprefix("/")
    stored = datasets.cloud.s3.get_object(Bucket=DATASETS.datasets_bucket, Key=key)["Body"].read()
    lines = gzip.decompress(stored).decode().splitlines()
    assert [json.loads(line)["sha256"] for line in lines] == sorted([red, blue])
    diff = datasets.get("/animals/versions/2/diff").body
    assert diff == {
        "old": 1,
        "new": 2,
        "counts": {"added": 1, "removed": 0, "relabelled": 1},
        "added": [blue],
        "removed": [],
        "relabelled": [{"sha256": red, "old": "cat", "new": "dog"}],
    }
    back = datasets.get("/animals/versions/1/diff", {"from": 2}).body
    assert back["removed"] == [blue]


def test_an_empty_dataset_has_no_version(datasets: Datasets) -> None:
    assert problem(datasets.post("/animals/versions", {})) == (409, "dataset_conflict")
    long = {"note": "x" * 1001}
    assert problem(datasets.post("/animals/versions", long)) == (400, "invalid_parameter")


def test_a_version_that_takes_too_long_is_a_problem(
    full: Datasets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambdas.api.datasets.service.FREEZING_S", 0)
    answer = full.post("/animals/versions", {})
    assert problem(answer) == (422, "dataset_too_large")
    assert "Start a training" in answer.body["detail"]


@pytest.mark.parametrize("path", ["1", "x", "1/diff", "-1", "99999999"])
def test_a_version_that_is_not_there_is_a_problem(datasets: Datasets, path: str) -> None:
    answer = datasets.get(f"/animals/versions/{path}")
    assert problem(answer) == (404, "dataset_version_missing")


def predicted(datasets: Datasets, image: bytes, caller: Caller | None = None) -> Any:
    return datasets.cloud.call(
        "POST", "/predict", None, image, "application/octet-stream", caller=caller
    ).body


@pytest.fixture
def served(datasets: Datasets, cloud: Cloud) -> Datasets:
    """With the tiny model in production."""
    return datasets


def test_images_of_predictions_are_copied_in(served: Datasets) -> None:
    ids = [predicted(served, image)["id"] for image in (RED, BLUE)]
    wanted = {"ids": [*ids, "nonsense"], "label": "cat"}
    assert served.post("/animals/predictions", wanted, LABELLER).body == {
        "added": 2,
        "known": 0,
        "missing": ["nonsense"],
    }
    copied = served.cloud.s3.get_object(
        Bucket=DATASETS.datasets_bucket, Key=f"content/animals/{sha(RED)}"
    )
    assert copied["Body"].read() == RED
    image = served.get(f"/animals/images/{sha(RED)}").body["image"]
    assert (image["source"], image["label"], image["state"]) == (
        f"prediction:{ids[0]}",
        "cat",
        "pending",
    )
    served.arrive(RED)
    served.arrive(BLUE)
    again = served.post("/animals/predictions", {"ids": ids}).body
    assert again == {"added": 0, "known": 2, "missing": []}


def test_a_prediction_brings_its_feedback_as_the_label(served: Datasets) -> None:
    red, blue = (predicted(served, image)["id"] for image in (RED, BLUE))
    for prediction_id, label in ((red, "dog"), (blue, "bird")):
        body = json.dumps({"label": label, "new": True}).encode()
        path = f"/predictions/{prediction_id}/feedback"
        assert served.cloud.call("POST", path, None, body).status == 200
    refused = served.post("/animals/predictions", {"ids": [red, blue]})
    assert problem(refused) == (400, "invalid_parameter")
    assert "'bird' is not a class" in refused.body["detail"]
    assert served.images() == []
    assert served.post("/animals/predictions", {"ids": [red]}).body["added"] == 1
    assert [image["label"] for image in served.images()] == ["dog"]


def test_an_image_that_is_gone_is_missing_and_leaves_nothing(served: Datasets) -> None:
    found = predicted(served, RED)
    served.cloud.s3.delete_object(
        Bucket="images", Key=found["image"]["key"], VersionId=found["image"]["version_id"]
    )
    answer = served.post("/animals/predictions", {"ids": [found["id"]]}).body
    assert answer == {"added": 0, "known": 0, "missing": [found["id"]]}
    assert served.images() == []


def test_whose_records_are_their_own_takes_those_alone(
    served: Datasets, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Caller("user:2", "o@example.com", frozenset({"predict", "read"}))
    for name, value in replace(API, own_records=1).to_env().items():
        monkeypatch.setenv(name, value)
    restart()
    theirs, own = (predicted(served, RED, other)["id"], predicted(served, BLUE, LABELLER)["id"])
    answer = served.post("/animals/predictions", {"ids": [theirs, own]}, LABELLER).body
    assert answer == {"added": 1, "known": 0, "missing": [theirs]}


def test_an_erased_prediction_takes_its_copies_along(served: Datasets) -> None:
    prediction_id = predicted(served, RED)["id"]
    served.add(BLUE, "dog")
    served.post("/animals/predictions", {"ids": [prediction_id], "label": "cat"})
    served.arrive(RED)
    version = served.post("/animals/versions", {}).body
    assert served.cloud.call("DELETE", f"/predictions/{prediction_id}").status == 200
    assert [image["sha256"] for image in served.images()] == [sha(BLUE)]
    assert dict(served.store.curation.contents("animals", [sha(RED)])) == {}
    listed = served.cloud.s3.list_objects_v2(Bucket=DATASETS.datasets_bucket, Prefix="content/")
    assert [entry["Key"] for entry in listed["Contents"]] == [f"content/animals/{sha(BLUE)}"]
    # The version that held it keeps its hash.
    assert served.get("/animals/versions/1").body["version"] == version


def content_keys(served: Datasets) -> list[str]:
    listed = served.cloud.s3.list_objects_v2(Bucket=DATASETS.datasets_bucket, Prefix="content/")
    return [entry["Key"] for entry in listed.get("Contents", [])]


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("way", ["form", "take", "together"])
def test_an_image_of_two_predictions_goes_with_the_last_of_them(
    served: Datasets, way: str, first: int
) -> None:
    ids = [predicted(served, RED)["id"] for _ in range(2)]
    if way == "together":
        answer = served.post("/animals/predictions", {"ids": ids, "label": "cat"}).body
        assert answer == {"added": 1, "known": 1, "missing": []}
        served.arrive(RED)
    else:
        served.post("/animals/predictions", {"ids": ids[:1], "label": "cat"})
        served.arrive(RED)
        if way == "form":
            answer = served.upload(RED, prediction_id=ids[1]).body
            assert answer["known"] == [sha(RED)]
        else:
            answer = served.post("/animals/predictions", {"ids": ids[1:]}).body
            assert answer == {"added": 0, "known": 1, "missing": []}
    assert served.cloud.call("DELETE", f"/predictions/{ids[first]}").status == 200
    (image,) = served.images()
    assert (image["source"], image["label"]) == (source_of(ids[1 - first]), "cat")
    assert content_keys(served) == [f"content/animals/{sha(RED)}"]
    assert served.cloud.call("DELETE", f"/predictions/{ids[1 - first]}").status == 200
    assert (served.images(), content_keys(served)) == ([], [])


@pytest.mark.parametrize("way", ["form", "take"])
def test_a_second_prediction_that_is_erased_while_it_is_announced_leaves_the_first(
    served: Datasets, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    one, two = (predicted(served, RED)["id"] for _ in range(2))
    served.post("/animals/predictions", {"ids": [one]})
    served.arrive(RED)
    predictions = PredictionStore("predictions", served.cloud.dynamodb)
    came_also = ImageSources.came_also

    def late(store: ImageSources, name: str, sha256: str, source: str) -> None:
        # An erasure has looked for copies, and found none.
        assert predictions.hide(two, "2030-01-01T00:00:00.000000Z") is not None
        came_also(store, name, sha256, source)

    monkeypatch.setattr(ImageSources, "came_also", late)
    if way == "form":
        served.upload(RED, prediction_id=two)
    else:
        answer = served.post("/animals/predictions", {"ids": [two]}).body
        assert answer == {"added": 0, "known": 0, "missing": [two]}
    assert [image["source"] for image in served.images()] == [source_of(one)]
    assert served.cloud.call("DELETE", f"/predictions/{one}").status == 200
    assert (served.images(), content_keys(served)) == ([], [])


def test_a_prediction_is_not_taken_for_an_image_that_is_being_erased(
    served: Datasets, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (predicted(served, RED)["id"] for _ in range(2))
    served.post("/animals/predictions", {"ids": [one]})
    served.arrive(RED)

    content = ImageStore(DATASETS.datasets_bucket, served.cloud.s3)

    def cut_off(*_: Any) -> None:
        raise ConnectionError("cut off")

    with monkeypatch.context() as patch:
        patch.setattr(ImageSources, "erase", cut_off)
        with pytest.raises(ConnectionError):
            DatasetCopies(served.store, content).erase_in("animals", sha(RED), source_of(one))
    wanted = {"ids": [two]}
    refused = served.post("/animals/predictions", wanted)
    assert problem(refused) == (503, "platform_unavailable")
    # The next call finishes the erasure, and then the image comes anew.
    assert served.cloud.call("DELETE", f"/predictions/{one}").status == 200
    assert served.images() == []
    assert served.post("/animals/predictions", wanted).body["added"] == 1


def test_an_image_that_changes_hands_while_it_is_erased_is_looked_at_again(
    served: Datasets, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (predicted(served, RED)["id"] for _ in range(2))
    served.post("/animals/predictions", {"ids": [one]})
    served.arrive(RED)
    write = ImageSources._write

    def late(store: ImageSources, *request: Any) -> bool:
        monkeypatch.setattr(ImageSources, "_write", write)
        store.came_also("animals", sha(RED), source_of(two))
        return write(store, *request)

    monkeypatch.setattr(ImageSources, "_write", late)
    assert served.cloud.call("DELETE", f"/predictions/{one}").status == 200
    assert [image["source"] for image in served.images()] == [source_of(two)]
    assert content_keys(served) == [f"content/animals/{sha(RED)}"]


def test_an_upload_is_only_a_copy_of_a_prediction_of_the_same_bytes(served: Datasets) -> None:
    prediction_id = predicted(served, RED)["id"]
    refused = served.upload(BLUE, prediction_id=prediction_id)
    assert problem(refused) == (400, "invalid_parameter")
    assert sha(BLUE) in refused.body["detail"]
    assert served.images() == []


def test_a_copy_that_is_erased_while_it_is_looked_at_stays_gone(served: Datasets) -> None:
    prediction_id = predicted(served, RED)["id"]
    served.post("/animals/predictions", {"ids": [prediction_id]})
    looked_at = served.store.images.image("animals", sha(RED))
    assert served.cloud.call("DELETE", f"/predictions/{prediction_id}").status == 200
    content = ImageContent(embedding=b"e", thumbnail=b"t", trunk="x")
    assert not served.store.curation.curated("animals", replace(looked_at, state="ready"), content)
    assert served.images() == []
    assert dict(served.store.curation.contents("animals", [sha(RED)])) == {}


@pytest.mark.parametrize("way", ["form", "take"])
def test_a_copy_whose_prediction_is_erased_while_it_is_announced_is_not_let_in(
    served: Datasets, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    prediction_id = predicted(served, RED)["id"]
    announce = ImageRows.announce

    predictions = PredictionStore("predictions", served.cloud.dynamodb)

    def late(images: ImageRows, name: str, wanted: Sequence[DatasetImage]) -> tuple[str, ...]:
        # An erasure has looked for copies, and found none.
        assert predictions.hide(prediction_id, "2030-01-01T00:00:00.000000Z") is not None
        return announce(images, name, wanted)

    monkeypatch.setattr(ImageRows, "announce", late)
    if way == "form":
        answer = served.upload(RED, prediction_id=prediction_id).body
        assert answer == {"known": [], "forms": [], "erased": [sha(RED)]}
    else:
        answer = served.post("/animals/predictions", {"ids": [prediction_id]}).body
        assert answer == {"added": 0, "known": 0, "missing": [prediction_id]}
    assert served.images() == []


def test_an_erased_prediction_leaves_an_image_that_was_uploaded_too(served: Datasets) -> None:
    served.add(RED, "cat")
    prediction_id = predicted(served, RED)["id"]
    assert served.post("/animals/predictions", {"ids": [prediction_id]}).body["known"] == 1
    assert served.cloud.call("DELETE", f"/predictions/{prediction_id}").status == 200
    assert [image["sha256"] for image in served.images()] == [sha(RED)]


def test_an_erased_prediction_takes_its_copy_of_an_upload_that_never_came(served: Datasets) -> None:
    served.upload(RED)
    prediction_id = predicted(served, RED)["id"]
    assert served.post("/animals/predictions", {"ids": [prediction_id]}).body["added"] == 1
    served.arrive(RED)
    assert served.cloud.call("DELETE", f"/predictions/{prediction_id}").status == 200
    assert served.images() == []


def test_a_copy_that_is_announced_again_without_its_bytes_is_erased_too(served: Datasets) -> None:
    prediction_id = predicted(served, RED)["id"]
    served.post("/animals/predictions", {"ids": [prediction_id]})
    served.arrive(RED)
    assert served.upload(RED, source="push").body["known"] == [sha(RED)]
    assert served.cloud.call("DELETE", f"/predictions/{prediction_id}").status == 200
    assert served.images() == []


def test_an_erasure_reaches_a_dataset_whose_deletion_was_cut_off(served: Datasets) -> None:
    prediction_id = predicted(served, RED)["id"]
    served.post("/animals/predictions", {"ids": [prediction_id]})
    assert not served.store.delete("animals", seconds=0)
    assert served.cloud.call("DELETE", f"/predictions/{prediction_id}").status == 200
    listed = served.cloud.s3.list_objects_v2(Bucket=DATASETS.datasets_bucket, Prefix="content/")
    assert "Contents" not in listed


@pytest.fixture
def machine(datasets: Datasets) -> str:
    definition = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
    arn = boto3.client("stepfunctions").create_state_machine(
        name="instant",
        definition=json.dumps(definition),
        roleArn="arn:aws:iam::123456789012:role/instant",
    )["stateMachineArn"]
    assert arn == DATASETS.instant_machine
    return arn


@pytest.fixture
def full(datasets: Datasets) -> Datasets:
    """With two images of each class."""
    for label, colours in (("cat", ("red", "orange")), ("dog", ("blue", "navy"))):
        for colour in colours:
            datasets.add(encode(plain(colour)), label)
    return datasets


def test_a_training_is_recorded_and_started(full: Datasets, machine: str) -> None:
    answer = full.post("/animals/train", {}, LABELLER)
    assert answer.status == 202, answer.body
    run = answer.body
    assert (run["state"], run["model"], run["promote"]) == ("waiting", "animals", False)
    states = boto3.client("stepfunctions")
    (execution,) = states.list_executions(stateMachineArn=machine)["executions"]
    started = states.describe_execution(executionArn=execution["executionArn"])
    assert execution["name"] == run["id"]
    assert json.loads(started["input"]) == {"dataset": "animals", "run": run["id"]}
    # Another one does not mix with it.
    second = full.post("/animals/train", {"model": "zoo", "promote": True}).body
    assert (second["model"], second["promote"]) == ("zoo", True)
    assert full.get(f"/animals/runs/{run['id']}").body == run
    assert full.get("/animals/runs").body == {"items": [second, run]}
    assert full.get("/animals").body["run"] == second


def test_who_may_not_move_models_cannot_promote_by_training(full: Datasets, machine: str) -> None:
    answer = full.post("/animals/train", {"promote": True}, LABELLER)
    assert problem(answer) == (403, "forbidden")
    assert full.get("/animals/runs").body == {"items": []}


def test_a_machine_that_does_not_start_fails_the_training(full: Datasets) -> None:
    assert full.post("/animals/train", {}).status == 500
    (run,) = full.get("/animals/runs").body["items"]
    assert (run["state"], run["error"][0]) == ("failed", "platform_unavailable")


@pytest.mark.parametrize("body", [{"model": "a/b"}, {"model": "x" * 101}, {"model": "모델"}])
def test_a_name_that_no_model_can_have_is_refused(full: Datasets, body: Any) -> None:
    assert problem(full.post("/animals/train", body)) == (400, "invalid_parameter")


def test_a_class_with_one_image_is_named(full: Datasets, machine: str) -> None:
    image = encode(plain("navy"))
    full.post("/animals/changes", {"changes": [{"sha256": sha(image), "removed": True}]})
    answer = full.post("/animals/train", {})
    assert problem(answer) == (422, "run_refused")
    assert "'dog' has 1 images" in answer.body["detail"]
    full.post("/animals/classes", {"action": "delete", "name": "dog"})
    answer = full.post("/animals/train", {})
    assert problem(answer) == (422, "run_refused")
    assert "only 'cat'" in answer.body["detail"]


def test_a_training_that_is_not_there_is_a_problem(datasets: Datasets) -> None:
    assert problem(datasets.get("/animals/runs/1")) == (404, "run_not_found")


def finished(full: Datasets) -> None:
    """A training of version 1 that made what production serves."""
    full.post("/animals/versions", {})
    run = full.runs.run("animals", full.post("/animals/train", {"model": "tiny"}).body["id"])
    run = full.runs.begin(full.runs.name_version(run, 1), "publish", "2030-01-01")
    result = RunResult(top1=1.0, top1_low=0.9, top1_high=1.0, images=4, groups=4, worst=())
    production = full.cloud.registry.current()
    assert production is not None
    full.runs.finish(run, "2030-01-01", production.version, result, serves=True)


def test_a_dataset_whose_model_serves_stays(full: Datasets, machine: str, cloud: Cloud) -> None:
    finished(full)
    production = cloud.registry.current()
    models = full.get("/animals/versions/1").body["models"]
    assert production is not None
    assert models == [{"name": production.name, "version": production.version}]
    answer = full.delete("animals")
    assert problem(answer) == (409, "dataset_conflict")
    assert len(full.images()) == 4


def test_a_dataset_is_deleted_with_its_files(
    full: Datasets, monkeypatch: pytest.MonkeyPatch
) -> None:
    full.post("/animals/versions", {})
    full.post("", {"name": "plants"})
    with monkeypatch.context() as hurried:
        # Without any time, a call deletes what one request of S3 does.
        hurried.setattr("lambdas.api.datasets.service._DELETING_S", 0)
        hurried.setattr("visionflow.images.store._ERASED_AT_ONCE", 3)
        for left in (2, 1, 0):
            assert full.delete("animals").body == {"deleted": False}
            found = full.cloud.s3.list_objects_v2(Bucket=DATASETS.datasets_bucket)
            assert found["KeyCount"] == left
        assert full.delete("animals").body == {"deleted": False}
    # Nobody sees it from now on, and the same call goes on.
    assert problem(full.get("/animals")) == (404, "dataset_missing")
    while not full.delete("animals").body["deleted"]:
        pass
    assert "Contents" not in full.cloud.s3.list_objects_v2(Bucket=DATASETS.datasets_bucket)
    rows = full.cloud.dynamodb.scan(TableName=DATASETS.datasets_table)["Items"]
    assert [row["sk"]["S"] for row in rows] == ["plants"]


def test_a_dataset_that_is_trained_on_is_not_deleted(full: Datasets, machine: str) -> None:
    assert full.post("/animals/train", {}, LABELLER).status == 202
    assert problem(full.delete("animals")) == (409, "dataset_conflict")
    assert full.get("/animals").status == 200


def test_a_dataset_that_a_rented_job_trains_on_is_not_deleted(full: Datasets) -> None:
    store = JobStore(JOB_CONTROL.jobs_table, full.cloud.dynamodb)
    job = record(request(data="", dataset="animals", dataset_version=1))
    store.add(job)
    for other in (request(data="", dataset="plants", dataset_version=1), request()):
        store.add(record(other))
    answer = full.delete("animals")
    assert problem(answer) == (409, "dataset_conflict")
    assert job.id in answer.body["detail"]
    assert full.get("/animals").status == 200
    store.move(job, "failed")
    assert full.delete("animals").body == {"deleted": True}


def test_every_change_is_in_the_audit_trail(full: Datasets, machine: str) -> None:
    full.post("/animals/train", {}, LABELLER)
    trail = full.cloud.call("GET", "/audit", {"limit": 100}).body["items"]
    assert {entry["action"] for entry in trail} == {
        "POST /datasets",
        "POST /datasets/{name}/uploads",
        "POST /datasets/{name}/train",
    }
    assert {entry["subject"] for entry in trail} == {"", "animals"}
    (train,) = (entry for entry in trail if entry["action"].endswith("train"))
    (run,) = full.get("/animals/runs").body["items"]
    assert (train["by"], train["details"]["id"]) == ("l@example.com", run["id"])
    uploads = [entry["details"] for entry in trail if entry["action"].endswith("uploads")]
    assert uploads == [{"forms": 1, "known": 0}] * 4


def test_a_change_is_refused_after_it_was_written_down(datasets: Datasets) -> None:
    viewer = Caller("user:3", "v@example.com", frozenset({"read"}))
    assert problem(datasets.post("/animals/classes", {}, viewer)) == (403, "forbidden")
    (entry, *_) = datasets.cloud.call("GET", "/audit", {}).body["items"]
    assert (entry["action"], entry["status"]) == ("POST /datasets/{name}/classes", 403)
