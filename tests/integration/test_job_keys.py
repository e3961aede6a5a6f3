"""A job on a prefix of S3 takes the images that `train --data` takes, whatever their keys have."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import boto3
import pytest
from PIL import Image

from lambdas.jobs import inputs as inputs_module
from tests.images import encode
from tests.jobs import DATASETS, JOBS, NOW, folders, inputs, make_buckets, make_table, request
from tests.jobs import record as new_record
from training.data.sources.remote import local_folder
from visionflow.errors import JobRefusedError
from visionflow.jobs.options import check_bucket
from visionflow.jobs.record import JobRecord

MINE = "AROA:i-mine"
PNG = encode(Image.new("RGB", (8, 8), "red"), "PNG")
PREFIXES = ("colours", "a//b", "/colours", "a+b 50%/꽃", "colours//")


@pytest.fixture
def bucket(aws: None) -> None:
    make_buckets(JOBS, DATASETS)


def put(prefix: str, *names: str, data: bytes = PNG) -> None:
    below = prefix if prefix.endswith("/") else f"{prefix}/"
    for number, name in enumerate(names):
        # Never twice the same content.
        boto3.client("s3").put_object(
            Bucket=DATASETS, Key=below + name, Body=data + bytes([number])
        )


def job(prefix: str) -> JobRecord:
    asked = request(data=f"s3://{DATASETS}/{prefix}")
    check_bucket(asked, DATASETS)
    return new_record(asked, state="running", reporters=(MINE,), attempt=1)


def links(record: JobRecord, folder: Path) -> dict[str, str]:
    """The URL of each path that the machine of a job is given."""
    control = inputs(make_table())
    control.seal(record)
    control.renew(record, None, NOW)
    folders().fetch_links(MINE, folder / "links.gz")
    with gzip.open(folder / "links.gz", "rt") as lines:
        found: Sequence[dict[str, str]] = [json.loads(line) for line in lines]
    return {link["path"]: link["url"] for link in found}


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_job_has_the_files_that_training_has(bucket: None, tmp_path: Path, prefix: str) -> None:
    put(prefix, "rose/1.png", "rose//1.png", "/tulip/a+b 100%.png", "tulip/사진", "tulip/2.jfif")
    put(prefix, "tulip/notes.txt", "tulip/empty", data=b"")
    put(prefix, "tulip/words", data=b"not an image")
    put(prefix, "rose/.ipynb_checkpoints/1.png", "@eaDir/1.png", "__MACOSX/rose/._1.png")
    put(f"other{prefix}", "rose/9.png")
    record = job(prefix)
    given = links(record, tmp_path)
    here = local_folder(record.request.data, tmp_path / "cache")
    names = {
        file.relative_to(here).as_posix()
        for file in here.rglob("*")
        if file.is_file() and not file.name.startswith(".")
    }
    place = {path.removeprefix("images/").rsplit("/", 2)[0] for path in given}
    assert len(names) == 5
    assert {"/".join(path.split("/")[-2:]) for path in given} == names
    assert len(place) == 1
    sealed = folders().sealed(record.id)
    assert sealed is not None
    assert sealed.labels == ("rose", "tulip")


def test_many_files_that_are_not_called_images_are_refused(
    bucket: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs_module, "MOST_OTHERS", 1)
    put("colours", "rose/1.xml", "rose/2.xml", "rose/1.png")
    with pytest.raises(JobRefusedError, match=r"over 1 files are not called as images are.*2\.xml"):
        inputs(make_table()).seal(job("colours"))


@pytest.mark.parametrize("prefix", ["../colours", "a/../../colours", "./colours"])
def test_a_prefix_that_leads_out_is_refused(bucket: None, prefix: str) -> None:
    with pytest.raises(JobRefusedError, match="no path below a folder has"):
        job(prefix)
