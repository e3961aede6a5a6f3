import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.predict.disposition import filename_in


@pytest.mark.parametrize(
    ("header", "name"),
    [
        # Browsers and Python's requests write UTF-8 as it is; browsers escape quotes by a percent.
        ('form-data; name="file"; filename="고양이.jpg"', "고양이.jpg"),
        ('form-data; name="file"; filename="a%22b.jpg"', 'a"b.jpg'),
        ('form-data; name="file"; filename="100%25.jpg"', "100%25.jpg"),
        # curl escapes them by a backslash.
        ('form-data; name="file"; filename="a;b\\"c.jpg"', 'a;b"c.jpg'),
        ('form-data; name="file"; filename="C:\\images\\a.jpg"', "a.jpg"),
        ("attachment; filename=a.png", "a.png"),
        ("attachment;FILENAME = a.png", "a.png"),
        # RFC 5987, which comes before the plain name, and RFC 2231.
        ("attachment; filename*=UTF-8''%EA%B3%A0%20a.jpg", "고 a.jpg"),
        ("attachment; filename=\"x.png\"; filename*=utf-8'ko'%EA%B0%80.png", "가.png"),
        ("attachment; filename*=euc-kr''%B0%A1.jpg", "가.jpg"),
        ("attachment; filename*=iso-8859-1''caf%E9.jpg", "café.jpg"),
        ("a; filename*1*=%80; filename*0*=UTF-8''%EA%B0; filename*2=.jpg", "가.jpg"),
        ('a; filename*0="100%"; filename*1=".jpg"', "100%.jpg"),
        # What is quoted is part of a value, and what cannot be read does not count.
        ('form-data; name="x; filename=no"; filename=yes.jpg', "yes.jpg"),
        ('form-data; name="x; filename=no"', None),
        ("attachment; filename*=zlib''abc", "abc"),
        ('attachment; filename=""', None),
        ("inline", None),
        ("", None),
    ],
)
def test_the_name_is_read_however_it_is_written(header: str, name: str | None) -> None:
    assert filename_in(header.encode()) == name


@given(st.binary(max_size=200))
def test_any_header_is_read(header: bytes) -> None:
    filename_in(b"form-data; " + header)
    filename_in(b"form-data; filename*=" + header)
    filename_in(b"form-data; filename*0=" + header + b"; filename*1*=" + header)


def test_a_long_header_takes_no_time() -> None:
    assert filename_in(b'form-data; name="' + b';a="\\' * 100_000) is None
