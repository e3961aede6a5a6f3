"""A record flows into a dataset by its rule, with exactly the rights that the template grants."""

import hashlib
import json
from typing import Any

import pytest

from tests.e2e.cloud import Cloud, Record, eventually
from tests.images import encode, textured
from visionflow.datasets.names import content_key

pytestmark = pytest.mark.e2e

NAME = "flowing"


def post(cloud: Cloud, path: str, body: Any) -> Record:
    answer = cloud.call("POST", path, json.dumps(body).encode(), "application/json")
    assert answer.status in (200, 201), answer.body
    return answer.body


def images(cloud: Cloud) -> list[Record]:
    found: list[Record] = cloud.call("GET", f"/datasets/{NAME}/images").body["items"]
    return found


def test_a_corrected_record_flows_in_once_with_its_label(cloud: Cloud) -> None:
    post(cloud, "/datasets", {"name": NAME, "classes": ["stripes", "spots"]})
    post(cloud, f"/datasets/{NAME}/flow", {"kinds": ["corrected"], "per_day": 5})
    data = encode(textured(seed=4711))
    records = [cloud.call("POST", "/predict", data, "image/jpeg").body for _ in range(2)]
    # The counters read the rules some seconds late at most.
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
    # Erasing the record that it came from erases it, too.
    source = image["source"].removeprefix("prediction:")
    assert source in {record["id"] for record in records}
    assert cloud.call("DELETE", f"/predictions/{source}").status == 200
    assert images(cloud) == []
    for record in records:
        cloud.call("DELETE", f"/predictions/{record['id']}")
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
