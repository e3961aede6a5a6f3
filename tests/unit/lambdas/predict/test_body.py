import base64
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.predict.body import read_image
from visionflow.errors import ImageNotSentError, InputError, InvalidBodyError

BOUNDARY = "b42"
CONTENT_TYPE = f'multipart/form-data; boundary="{BOUNDARY}"'


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def form(name: str, content: bytes, *, end: str = "--\r\n") -> str:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="a.jpg"\r\n'
    body = head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + content + b"\r\n"
    return base64.b64encode(body + f"--{BOUNDARY}{end}".encode()).decode()


@given(st.binary().filter(lambda data: b"--" + BOUNDARY.encode() not in data))
def test_a_form_s_bytes_arrive_unchanged(content: bytes) -> None:
    assert read_image(form("file", content), True, CONTENT_TYPE).data == content


@given(st.binary(), st.text(max_size=40))
def test_whatever_is_sent_is_read_or_refused(body: bytes, content_type: str) -> None:
    for header in (content_type, CONTENT_TYPE, "application/json", "image/png"):
        with suppress(InputError):
            read_image(base64.b64encode(body).decode(), True, header)


@given(st.data())
def test_a_damaged_form_is_read_or_refused(data: st.DataObject) -> None:
    body = bytearray(base64.b64decode(form("file", b"image")))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with suppress(InputError):
        read_image(base64.b64encode(body).decode(), True, CONTENT_TYPE)


@pytest.mark.parametrize("length", [257, 5000])
def test_a_boundary_that_no_client_makes_is_refused(length: int) -> None:
    with pytest.raises(InvalidBodyError):
        read_image("", True, f"multipart/form-data; boundary={'b' * length}")


def test_nesting_without_end_is_no_json() -> None:
    with pytest.raises(InvalidBodyError, match="not valid JSON"):
        read_image("[" * 200_000, False, "application/json")


def test_a_form_with_two_files_is_refused_and_says_so() -> None:
    parts = [base64.b64decode(form("file", content, end="\r\n")) for content in (b"one", b"two")]
    first = parts[0].removesuffix(f"--{BOUNDARY}\r\n".encode())
    body = base64.b64encode(first + parts[1].removesuffix(b"\r\n") + b"--\r\n").decode()
    with pytest.raises(InvalidBodyError, match='several fields "file"'):
        read_image(body, True, CONTENT_TYPE)


def test_json_with_two_images_is_refused_and_says_so() -> None:
    with pytest.raises(InvalidBodyError, match='several fields "image"'):
        read_image('{"image": "aGk=", "image": "aGk="}', False, "application/json")


def test_a_form_without_its_end_is_refused() -> None:
    whole = base64.b64decode(form("file", b"image"))
    with pytest.raises(InvalidBodyError):
        read_image(base64.b64encode(whole[:-8]).decode(), True, CONTENT_TYPE)


def test_the_field_s_name_decides() -> None:
    with pytest.raises(ImageNotSentError):
        read_image(form("image", b"x"), True, CONTENT_TYPE)


def test_the_file_s_name_comes_with_it() -> None:
    assert read_image(form("file", b"x"), True, CONTENT_TYPE).filename == "a.jpg"
    document = json.dumps({"image": "aGk=", "filename": "/photos/고양이.jpg"})
    assert read_image(document, False, "application/json").filename == "고양이.jpg"
    named = "attachment; filename*=UTF-8''%EA%B0%80.jpg"
    assert read_image("aGk=", True, "image/png", named).filename == "가.jpg"
    assert read_image("aGk=", True, "image/png").filename is None
    with pytest.raises(InvalidBodyError, match="filename"):
        read_image('{"image": "aGk=", "filename": 1}', False, "application/json")


def test_a_text_body_is_taken_as_it_is() -> None:
    assert read_image('{"image": "aGk="}', False, "application/json").data == b"hi"


@pytest.mark.parametrize(
    ("body", "is_base64"), [("abc", True), ("é", True), ("YW Jj!", True), ("\ud800", False)]
)
def test_a_body_that_is_not_what_the_gateway_says_is_refused(body: str, is_base64: bool) -> None:
    with pytest.raises(InvalidBodyError):
        read_image(body, is_base64, "image/png")


@given(
    st.text(st.characters(codec=None, exclude_categories=[])),
    st.booleans(),
    st.sampled_from(
        ["application/json", CONTENT_TYPE, "image/png", "image/", "multipart/form-data"]
    ),
)
def test_any_text_in_an_event_is_read_or_refused(
    body: str, is_base64: bool, content_type: str
) -> None:
    with suppress(InputError):
        read_image(body, is_base64, content_type)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.binary().map(b64),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["image", "x"]), inner),
    max_leaves=10,
)


@given(JSON)
def test_any_json_is_read_or_refused(document: object) -> None:
    with suppress(InputError):
        read_image(json.dumps(document), False, "application/json")


HEADER = st.sampled_from(
    [
        "Content-Disposition: form-data; name=file",
        'Content-Disposition: form-data; name="file"; filename="a;b\\"c.jpg"',
        "Content-Disposition: form-data; name*=utf-8''file",
        "Content-Disposition: form-data; name=file; filename*=x'%ff; filename*1=\"",
        "CONTENT-DISPOSITION:form-data;name=file",
        "Content-Disposition:",
        "Content-Transfer-Encoding: base64",
        ": nothing",
        "no colon",
        "X: " + "y" * 5000,
    ]
)


@given(st.lists(st.tuples(st.lists(HEADER, max_size=4), st.binary(max_size=50)), max_size=5))
def test_any_form_is_read_or_refused(parts: list[tuple[list[str], bytes]]) -> None:
    body = b"".join(
        "\r\n".join([f"--{BOUNDARY}", *headers, "", ""]).encode() + content + b"\r\n"
        for headers, content in parts
    )
    with suppress(InputError):
        read_image(b64(body + f"--{BOUNDARY}--\r\n".encode()), True, CONTENT_TYPE)
