"""Erasing with exactly the rights that the template grants: nothing of an image is left in S3."""

import json

import pytest

from tests.e2e.cloud import Cloud
from tests.images import encode, textured

pytestmark = pytest.mark.e2e


def keys(cloud: Cloud, *prefixes: str) -> list[str]:
    """Of all versions and delete markers."""
    found = []
    for prefix in prefixes:
        listed = cloud.s3.list_object_versions(Bucket=cloud.outputs.images_bucket, Prefix=prefix)
        found += [entry["Key"] for entry in listed.get("Versions", [])]
        found += [entry["Key"] for entry in listed.get("DeleteMarkers", [])]
    return found


def test_a_direct_call_and_a_dropped_file_are_erased_whole(cloud: Cloud) -> None:
    direct = cloud.call("POST", "/predict", encode(textured(seed=7)), "image/jpeg").body
    path = f"/predictions/{direct['id']}"
    said = json.dumps({"label": "purple", "new": True}).encode()
    assert cloud.call("POST", f"{path}/feedback", said, "application/json").status == 200
    cloud.drop("uploads/erased.jpg", encode(textured(seed=8)))
    (dropped,) = cloud.wait_for({"uploads/erased.jpg"}, 30)
    cloud.s3.delete_object(Bucket=cloud.outputs.images_bucket, Key="uploads/erased.jpg")
    ids = (direct["id"], dropped["id"])
    made = cloud.call("GET", "/thumbnails", query={"predictions": ",".join(ids)}).body["items"]
    assert set(made) == set(ids)
    assert all(made.values())
    originals = (record["image"]["key"] for record in (direct, dropped))
    prefixes = (*originals, *(f"thumbnails/{prediction_id}" for prediction_id in ids))
    assert len(keys(cloud, *prefixes)) == 5, "two images, two thumbnails, a delete marker"
    for record in (direct, dropped):
        path = f"/predictions/{record['id']}"
        erased = cloud.call("DELETE", path)
        assert (erased.status, erased.body.get("id")) == (200, record["id"]), erased.body
        assert cloud.call("GET", path).status == 404
    assert keys(cloud, *prefixes) == []
    entries = cloud.call("GET", "/audit", query={"limit": 2}).body["items"]
    assert [entry["subject"] for entry in entries] == [dropped["id"], direct["id"]]
