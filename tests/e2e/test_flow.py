"""A record flows into a dataset by its rule, with exactly the rights that the template grants."""

import hashlib
import json
import time
from typing import Any

import pytest

from lambdas.counters.service import REFRESH_S
from tests.e2e.cloud import Cloud, Record, eventually
from tests.images import encode, textured
from visionflow.datasets.names import content_key
from visionflow.datasets.rows import row_key

pytestmark = pytest.mark.e2e

NAME = "flowing"


def post(cloud: Cloud, path: str, body: Any) -> Record:
    answer = cloud.call("POST", path, json.dumps(body).encode(), "application/json")
    assert answer.status in (200, 201), answer.body
    return answer.body


def images(cloud: Cloud) -> list[Record]:
    found: list[Record] = cloud.call("GET", f"/datasets/{NAME}/images").body["items"]
    return found


def table(cloud: Cloud) -> str:
    names = cloud.dynamodb.list_tables(Limit=100)["TableNames"]
    return next(name for name in names if "Data-DatasetTable" in name)


def test_a_corrected_record_flows_in_once_with_its_label(cloud: Cloud) -> None:
    post(cloud, "/datasets", {"name": NAME, "classes": ["stripes", "spots"]})
    post(cloud, f"/datasets/{NAME}/flow", {"kinds": ["corrected"], "per_day": 5})
    # The counters have read the rules so long ago at most.
    time.sleep(REFRESH_S + 1)
    data = encode(textured(seed=4711))
    records = [cloud.call("POST", "/predict", data, "image/jpeg").body for _ in range(2)]
    for record in records:
        said = {"label": "stripes", "new": True}
        post(cloud, f"/predictions/{record['id']}/feedback", said)

    def look() -> Record | None:
        found = [image for image in images(cloud) if image["state"] == "ready"]
        return found[0] if found else None

    image = eventually(look, 60, "the image in the dataset")
    assert (image["label"], image["labelled_by"]) == ("stripes", "the flow rule")
    assert image["sha256"] == records[0]["image"]["sha256"]
    assert len(images(cloud)) == 1
    details = cloud.call("GET", f"/datasets/{NAME}").body
    assert (details["flow_today"], details["dataset"]["flow"]["kinds"]) == (1, ["corrected"])
    post(cloud, f"/datasets/{NAME}/versions", {})
    # It goes with the last of the records that it came from.
    ids = [record["id"] for record in records]
    assert image["source"].removeprefix("prediction:") in ids

    def second() -> bool | None:
        key = row_key("IMAGES", NAME, image["sha256"])
        row = cloud.dynamodb.get_item(TableName=table(cloud), Key=key, ConsistentRead=True)["Item"]
        return "also" in row or row["source"]["S"].endswith(ids[1]) or None

    eventually(second, 60, "the second record behind the image")
    assert cloud.call("DELETE", f"/predictions/{ids[0]}").status == 200
    assert [left["source"] for left in images(cloud)] == [f"prediction:{ids[1]}"]
    assert cloud.call("DELETE", f"/predictions/{ids[1]}").status == 200
    assert images(cloud) == []
    # A dataset goes with its images and versions.
    kept = encode(textured(seed=4712))
    sha256 = hashlib.sha256(kept).hexdigest()
    wanted = {"sha256": sha256, "bytes": len(kept), "content_type": "image/jpeg"}
    post(cloud, f"/datasets/{NAME}/uploads", {"images": [wanted]})
    bucket = cloud.outputs.datasets_bucket
    cloud.s3.put_object(Bucket=bucket, Key=content_key(NAME, sha256), Body=kept)
    assert cloud.call("DELETE", f"/datasets/{NAME}").body == {"deleted": True}
    for prefix in ("content", "versions"):
        found = cloud.s3.list_object_versions(Bucket=bucket, Prefix=f"{prefix}/{NAME}/")
        assert found.get("Versions", []) == []
