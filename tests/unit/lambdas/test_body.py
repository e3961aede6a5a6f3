import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.predict.body import read_picture
from visionflow.errors import InputError, InvalidBodyError, MissingFieldError

BOUNDARY = "b42"
CONTENT_TYPE = f'multipart/form-data; boundary="{BOUNDARY}"'


def form(name: str, content: bytes, *, end: str = "--\r\n") -> str:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="a.jpg"\r\n'
    body = head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + content + b"\r\n"
    return base64.b64encode(body + f"--{BOUNDARY}{end}".encode()).decode()


@given(st.binary().filter(lambda data: b"--" + BOUNDARY.encode() not in data))
def test_a_form_s_bytes_arrive_unchanged(content: bytes) -> None:
    assert read_picture(form("file", content), True, CONTENT_TYPE) == content


@given(st.binary(), st.text(max_size=40))
def test_whatever_is_sent_is_read_or_refused(body: bytes, content_type: str) -> None:
    for header in (content_type, CONTENT_TYPE, "application/json", "image/png"):
        with suppress(InputError):
            read_picture(base64.b64encode(body).decode(), True, header)


@given(st.data())
def test_a_damaged_form_is_read_or_refused(data: st.DataObject) -> None:
    body = bytearray(base64.b64decode(form("file", b"picture")))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with suppress(InputError):
        read_picture(base64.b64encode(body).decode(), True, CONTENT_TYPE)


@pytest.mark.parametrize("length", [257, 5000])
def test_a_boundary_that_no_client_makes_is_refused(length: int) -> None:
    with pytest.raises(InvalidBodyError):
        read_picture("", True, f"multipart/form-data; boundary={'b' * length}")


def test_nesting_without_end_is_no_json() -> None:
    with pytest.raises(InvalidBodyError, match="not valid JSON"):
        read_picture("[" * 200_000, False, "application/json")


def test_of_a_repeated_field_the_first_counts() -> None:
    parts = [base64.b64decode(form("file", content, end="\r\n")) for content in (b"one", b"two")]
    first = parts[0].removesuffix(f"--{BOUNDARY}\r\n".encode())
    body = base64.b64encode(first + parts[1].removesuffix(b"\r\n") + b"--\r\n").decode()
    assert read_picture(body, True, CONTENT_TYPE) == b"one"


def test_a_form_without_its_end_is_refused() -> None:
    whole = base64.b64decode(form("file", b"picture"))
    with pytest.raises(InvalidBodyError):
        read_picture(base64.b64encode(whole[:-8]).decode(), True, CONTENT_TYPE)


def test_the_field_s_name_decides() -> None:
    with pytest.raises(MissingFieldError):
        read_picture(form("picture", b"x"), True, CONTENT_TYPE)


def test_a_text_body_is_taken_as_it_is() -> None:
    assert read_picture('{"image": "aGk="}', False, "application/json") == b"hi"
