"""The control plane reads keys as training reads folders."""

import pytest

from visionflow.jobs.layout import Layout

PLACES: dict[str, dict[str, tuple[str | None, str | None]]] = {
    "an image beside parts": {
        "Training/cat/1.png": ("cat", "train"),
        "Testing/dog/2.png": ("dog", "test"),
        "loose.png": (None, None),
    },
    "a folder beside parts": {
        "Training/cat/1.png": ("cat", "train"),
        "Testing/dog/2.png": ("dog", "test"),
        "samples/3.png": (None, None),
    },
    "classes called like parts": {
        "training/1.png": ("training", None),
        "testing/2.png": ("testing", None),
        "running/3.png": ("running", None),
    },
    "numbered classes": {"mnist/0/1.png": ("0", None), "mnist/10/2.png": ("10", None)},
    "years of one class": {"cat/2023/1.png": ("cat", None), "cat/2024/2.png": ("cat", None)},
    "days of one class": {"cat/2024-05-01/1.png": ("cat", None), "cat/07-02/2.png": ("cat", None)},
    "series in numbered folders": {"cat/0/a/1.png": ("cat", None), "cat/1/b/2.png": ("cat", None)},
}


@pytest.mark.parametrize("name", PLACES)
def test_each_image_has_a_class_and_a_part(name: str) -> None:
    layout = Layout.of(PLACES[name], parents="never", group_by="auto")
    assert {file: layout.place_of(file) for file in PLACES[name]} == PLACES[name]
