import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visionflow.images.filenames import MAX_FILENAME_BYTES, clean_filename


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("cat.jpg", "cat.jpg"),
        ("고양이 (1).jpg", "고양이 (1).jpg"),
        ("\u1100\u1161.jpg", "가.jpg"),  # as macOS writes Korean names
        ("/home/ann/cat.jpg", "cat.jpg"),
        ("C:\\Users\\ann\\cat.jpg", "cat.jpg"),
        ("../../etc/passwd", "passwd"),
        ("=HYPERLINK(1)", "=HYPERLINK(1)"),  # harmless until it is in a table
        ("<b>.png", "<b>.png"),
        ("invoice\u202egpj.exe", "invoice gpj.exe"),
        ("a\r\nSet-Cookie: b.jpg", "a Set-Cookie: b.jpg"),
        ("a\x00b\x1b.jpg", "a b .jpg"),
        ("👩\u200d🔬.png", "👩\u200d🔬.png"),
        ("\ud800.jpg", ".jpg"),
        ("..", None),
        ("", None),
        (" \u200b", None),
        (None, None),
    ],
)
def test_a_name_is_kept_without_what_could_mislead(name: str | None, kept: str | None) -> None:
    assert clean_filename(name) == kept


def test_a_long_name_keeps_its_beginning_and_its_end() -> None:
    name = clean_filename("고양이" * 200 + ".jpeg")
    assert name is not None
    assert name.startswith("고양이고양이")
    assert name.endswith("이.jpeg")
    assert len(name.encode()) > MAX_FILENAME_BYTES - 8


@given(st.text(st.characters(codec=None, exclude_categories=[]), max_size=400))
def test_any_name_is_one_short_visible_line(name: str) -> None:
    kept = clean_filename(name)
    if kept is None:
        return
    assert 0 < len(kept.encode()) <= MAX_FILENAME_BYTES
    assert (
        kept.isprintable()
        or set("\u200c\u200d") & set(kept)
        or "Co" in map(unicodedata.category, kept)
        or "Cn" in map(unicodedata.category, kept)
    )
    assert not {"\n", "\r", "\t", "\0", "\u202e", "/"} & set(kept)
