"""Base64 as its many makers write it, and the encodings of a form's part."""

import base64
import json
import quopri
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.predict import body as bodies
from lambdas.predict.body import MAX_BODY_CHARACTERS, read_image
from tests.unit.lambdas.predict.test_body import BOUNDARY, CONTENT_TYPE
from visionflow.errors import BodyTooLargeError, InvalidBase64Error, InvalidBodyError

# Each letter of the alphabets, and the three lengths of padding.
IMAGES = [bytes(range(256)), b"\xfb\xff\xfe" * 40, b"a", b"ab", b"abc", b"\x89PNG\r\n\x1a\n"]


def lines(text: str, end: str) -> str:
    return end.join(text[start : start + 76] for start in range(0, len(text), 76)) + end


WRITERS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "without padding": lambda text: text.rstrip("="),
    "line breaks of base64": lambda text: lines(text, "\n"),
    "line breaks of MIME": lambda text: lines(text, "\r\n"),
    "blanks": lambda text: f"  {text[:3]} \t{text[3:]} ",
    "URL-safe": lambda text: text.translate(str.maketrans("+/", "-_")),
    "URL-safe without padding": lambda text: text.translate(str.maketrans("+/", "-_")).rstrip("="),
    "data URL": lambda text: f"data:image/png;base64,{text}",
    "data URL in capitals": lambda text: f"DATA:IMAGE/PNG;BASE64,{text}",
    "data URL with parameters": lambda text: f"data:image/png;name=a.png;charset=x; base64,{text}",
    "data URL without a type": lambda text: f"data:;base64,{text}",
    "data URL in lines": lambda text: "\ndata:image/png;base64,\n" + lines(text, "\n"),
    "data URL, escaped": lambda text: (
        "data:image/png;base64," + text.replace("+", "%2B").replace("/", "%2f").replace("=", "%3D")
    ),
    "data URL, URL-safe": lambda text: (
        "data:image/png;base64," + text.translate(str.maketrans("+/", "-_"))
    ),
}


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("writer", WRITERS)
def test_base64_is_read_as_whoever_writes_it(writer: str, image: bytes) -> None:
    text = WRITERS[writer](base64.b64encode(image).decode())
    document = json.dumps({"image": text})
    assert read_image(document, False, "application/json").data == image


@given(st.binary(), st.sampled_from(list(WRITERS)))
def test_any_bytes_survive_any_writer(image: bytes, writer: str) -> None:
    document = json.dumps({"image": WRITERS[writer](base64.b64encode(image).decode())})
    assert read_image(document, False, "application/json").data == image


def test_a_data_url_may_be_percent_encoded() -> None:
    document = json.dumps({"image": "data:image/png,%89PNG%0D%0A"})
    assert read_image(document, False, "application/json").data == b"\x89PNG\r\n"


@pytest.mark.parametrize(
    "rubbish",
    [
        "a",
        "abcde",
        "a===",
        "=",
        "ab=c",
        "ab==cd==",
        "hello world!",
        "+/-_",
        "데이터",
        "aGk\u00a0=",
        "https://example.com/cat.jpg",
        "/9j/4AAQ...",
        "data:image/png;base64",
        "data:image/png;base64,a",
        "data:image/png;base64,{}",
        "[object Object]",
        "data:image/png;base64,data:image/png;base64,aGk=",
    ],
)
def test_rubbish_is_refused(rubbish: str) -> None:
    with pytest.raises(InvalidBase64Error, match="neither base64"):
        read_image(json.dumps({"image": rubbish}), False, "application/json")


def part(content: bytes, *headers: str) -> str:
    lines = [
        f"--{BOUNDARY}",
        *headers[:1],
        'Content-Disposition: form-data; name="file"; filename="a.jpg"',
        *headers[1:],
    ]
    body = "\r\n".join([*lines, "", ""]).encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    return base64.b64encode(body).decode()


ENCODED: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("base64", base64.b64encode),
    ("BASE64", base64.encodebytes),
    (" base64 ", lambda image: base64.urlsafe_b64encode(image).rstrip(b"=")),
    ("quoted-printable", lambda image: quopri.encodestring(image, quotetabs=True)),
    ("binary", bytes),
    ("8bit", bytes),
    ("7bit", bytes),
    ("", bytes),
]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(("encoding", "encode"), ENCODED)
def test_a_part_is_decoded_as_it_says(
    encoding: str, encode: Callable[[bytes], bytes], first: bool
) -> None:
    header = f"Content-Transfer-Encoding:{encoding}"
    headers = [header] if first else ["Content-Type: image/jpeg", header]
    for image in (b"\xff\xd8=\x00 \t" * 40, b"ab"):
        found = read_image(part(encode(image), *headers), True, CONTENT_TYPE)
        assert (found.data, found.filename) == (image, "a.jpg")


def test_a_data_url_in_a_form_is_decoded() -> None:
    sent = part(b"data:image/png;base64,aGk=", "Content-Type: text/plain")
    assert read_image(sent, True, CONTENT_TYPE).data == b"hi"


def test_a_part_that_is_not_what_it_says_is_refused() -> None:
    with pytest.raises(InvalidBase64Error):
        read_image(part(b"\xff\xd8", "Content-Transfer-Encoding: base64"), True, CONTENT_TYPE)
    with pytest.raises(InvalidBodyError, match="x-uuencode"):
        read_image(part(b"x", "Content-Transfer-Encoding: x-uuencode"), True, CONTENT_TYPE)


@pytest.mark.parametrize("content_type", ["application/json", CONTENT_TYPE, "image/png"])
def test_a_body_that_is_too_large_is_never_decoded(
    monkeypatch: pytest.MonkeyPatch, content_type: str
) -> None:
    def decode(*_: object, **__: object) -> bytes:
        raise AssertionError("decoded")

    for name in ("b64decode", "from_base64", "from_part"):
        monkeypatch.setattr(bodies, name, decode)
    with pytest.raises(BodyTooLargeError):
        read_image("a" * (MAX_BODY_CHARACTERS + 1), True, content_type)
