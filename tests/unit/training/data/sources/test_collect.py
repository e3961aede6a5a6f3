"""What a lineage keeps of images that were erased, whoever wrote the file."""

import json
from pathlib import Path

from training.data.sources.collect import forget_erased, lineage_without


def line(prediction_id: str, key: str = "uploads/a.jpg") -> bytes:
    return json.dumps({"key": key, "prediction_id": prediction_id, "label": "red"}).encode() + b"\n"


def test_lines_about_other_images_stay_as_they_are() -> None:
    others = [line("b"), b"no JSON at all\n", line("aa"), b'{"half": "a li']
    assert lineage_without({"a"}, b"".join([line("a"), *others, b""])) == b"".join(others)


def test_a_file_name_cannot_pass_for_an_id() -> None:
    named = line("b", key='"prediction_id": "a"')
    assert lineage_without({"a"}, named) == named


def test_a_folder_that_is_not_there_has_no_copies(tmp_path: Path) -> None:
    assert forget_erased({"a"}, tmp_path / "none") == 0
