import pytest

from tests.unit.training.data.folders.odd_folders import JUNK
from visionflow.junk import HIDDEN, document, junk_kind, junk_on


@pytest.mark.parametrize("path", [name for names in JUNK.values() for name in names])
def test_what_systems_leave_is_known_at_any_depth(path: str) -> None:
    assert junk_on(path)
    assert junk_on(f"deep/er/{path}")
    assert junk_on(path.upper())


@pytest.mark.parametrize(
    "path",
    ["cat/1.png", "@home/1.png", "lost and found/1.png", "thumbs/1.jpg", "휴지통/1.png", "a.b/c"],
)
def test_what_people_made_is_not_junk(path: str) -> None:
    assert junk_on(path) is None


def test_junk_is_counted_by_its_usual_name() -> None:
    assert junk_kind("THUMBS.DB") == "Thumbs.db"
    assert junk_kind("._1.png") == HIDDEN
    assert junk_kind("SynoPhoto_Thumb_M.jpg") == "SYNOPHOTO_THUMB"


def test_the_page_has_the_same_rule() -> None:
    assert all(junk_kind(name) for name in document()["names"])
    assert all(junk_kind(f"{prefix}x") for prefix in document()["prefixes"])
