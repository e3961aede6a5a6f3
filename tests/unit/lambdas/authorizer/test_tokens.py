import base64
import hmac
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any

import jwt
import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.authorizer.tokens import (
    REFETCH_AFTER_S,
    RENEW_AFTER_S,
    Signers,
    Token,
    Tokens,
    fetch_from,
)
from visionflow.errors import NotSignedInError, PlatformError

ISSUER = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_pool"
CLAIMS = {
    "iss": ISSUER,
    "sub": "3b1c",
    "username": "somebody",
    "client_id": "page",
    "token_use": "access",
    "jti": "1",
    "exp": 4_000_000_000,
    "cognito:groups": ["model-admin", "labeller"],
}
KEY, OTHER = (rsa.generate_private_key(65537, 2048) for _ in range(2))


def jwks(**keys: rsa.RSAPrivateKey) -> bytes:
    found = [
        {**jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": key_id}
        for key_id, key in keys.items()
    ]
    return json.dumps({"keys": [{**key, "alg": "RS256", "use": "sig"} for key in found]}).encode()


def signed(
    changes: Mapping[str, object] = MappingProxyType({}),
    key: rsa.RSAPrivateKey = KEY,
    key_id: str = "a",
) -> str:
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    return jwt.encode(claims, key, "RS256", {"kid": key_id})


def tokens(fetch: Callable[[], bytes] = lambda: jwks(a=KEY)) -> Tokens:
    return Tokens(ISSUER, "page", Signers(fetch, lambda: 0.0))


READER = tokens()


def test_a_valid_token_says_who_holds_it() -> None:
    text = signed()
    expected = Token(text, "1", "3b1c", "somebody", ("model-admin", "labeller"))
    assert tokens().read(text) == expected


def test_who_has_no_group_has_none() -> None:
    assert tokens().read(signed({"cognito:groups": None})).groups == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1_000_000_000},
        {"exp": None},
        {"exp": "soon"},
        {"iss": ISSUER + "2"},
        {"iss": None},
        {"client_id": "another"},
        {"client_id": None},
        {"token_use": "id"},
        {"token_use": None},
        {"sub": None},
        {"jti": None},
        {"nbf": 4_000_000_000},
    ],
    ids=str,
)
def test_a_token_with_another_claim_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(NotSignedInError):
        tokens().read(signed(changes))


def test_an_id_token_is_refused() -> None:
    with pytest.raises(NotSignedInError):
        tokens().read(signed({"token_use": "id", "client_id": None, "aud": "page"}))


def by_hand(
    header: dict[str, object], claims: dict[str, object], sign: Callable[[bytes], bytes]
) -> str:
    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    body = ".".join(part(json.dumps(found).encode()) for found in (header, claims))
    return f"{body}.{part(sign(body.encode()))}"


def test_only_the_pool_signs_and_only_by_rs256() -> None:
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header: dict[str, object] = {"typ": "JWT", "kid": "a"}
    valid = signed()
    head, body, signature = valid.split(".")
    forged = [
        signed(key=OTHER),
        signed(key=OTHER, key_id="b"),
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}.{signed({'sub': 'another'}).split('.')[1]}.{signature}",
        by_hand(header | {"alg": "none"}, CLAIMS, lambda _: b""),
        # The public key as the secret of a symmetric signature.
        by_hand(header | {"alg": "HS256"}, CLAIMS, lambda m: hmac.digest(public, m, "sha256")),
        jwt.encode(CLAIMS, KEY, "RS512", {"kid": "a"}),
        jwt.encode(CLAIMS, KEY, "PS256", {"kid": "a"}),
        jwt.encode(CLAIMS, KEY, "RS256"),
    ]
    for token in forged:
        with pytest.raises(NotSignedInError):
            tokens().read(token)


def test_a_key_inside_the_token_is_not_believed() -> None:
    own = jwt.algorithms.RSAAlgorithm.to_jwk(OTHER.public_key(), as_dict=True)
    headers = {"kid": "a", "jwk": own, "jku": "https://example.com/jwks.json"}
    with pytest.raises(NotSignedInError):
        tokens().read(jwt.encode(CLAIMS, OTHER, "RS256", headers))


@settings(max_examples=100)
@given(
    st.one_of(
        st.text(),
        st.from_regex(r"[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*", fullmatch=True),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ).map(lambda found: by_hand({"alg": "RS256", "kid": found}, {}, lambda _: b"x")),
    )
)
def test_whatever_is_sent_is_refused_and_never_breaks(text: str) -> None:
    with pytest.raises(NotSignedInError):
        READER.read(text)


def test_a_header_that_nests_without_end_is_refused() -> None:
    deep = base64.urlsafe_b64encode(b"[" * 7000).decode().rstrip("=")
    with pytest.raises(NotSignedInError):
        tokens().read(f"{deep}.e30.eA")


class Pool:
    """Public keys that change, and how often they were fetched."""

    def __init__(self, **keys: rsa.RSAPrivateKey) -> None:
        self.keys, self.fetched, self.now, self.broken = keys, 0, 0.0, False
        self.signers = Signers(self.fetch, lambda: self.now)

    def fetch(self) -> bytes:
        self.fetched += 1
        if self.broken:
            raise urllib3.exceptions.HTTPError("no answer")
        return jwks(**self.keys)

    def key(self, key_id: str) -> Any:
        return self.signers.key(key_id)


def test_keys_are_fetched_once() -> None:
    pool = Pool(a=KEY)
    assert pool.key("a") is pool.key("a")
    assert pool.fetched == 1


def test_unknown_keys_are_looked_for_once_a_minute() -> None:
    """Anybody can name one."""
    pool = Pool(a=KEY)
    for number in range(100):
        with pytest.raises(NotSignedInError):
            pool.key(f"unknown {number}")
    assert pool.fetched == 1
    pool.keys["b"] = OTHER
    pool.now = REFETCH_AFTER_S
    assert pool.key("b").key_id == "b"
    assert pool.fetched == 2


def test_a_key_that_the_pool_gave_up_is_refused_in_time() -> None:
    pool = Pool(a=KEY, b=OTHER)
    pool.key("a")
    del pool.keys["a"]
    pool.now = RENEW_AFTER_S
    with pytest.raises(NotSignedInError):
        pool.key("a")


def test_a_pool_that_does_not_answer_is_no_fault_of_the_caller() -> None:
    pool = Pool(a=KEY)
    pool.broken = True
    with pytest.raises(PlatformError):
        pool.key("a")
    pool.broken = False
    assert pool.key("a").key_id == "a"


@pytest.mark.parametrize("answer", [b"", b"{}", b'{"keys": []}', b"<html>"])
def test_keys_that_do_not_parse_are_no_fault_of_the_caller(answer: bytes) -> None:
    with pytest.raises(PlatformError):
        tokens(lambda: answer).read(signed())


@pytest.fixture
def issuer() -> Iterator[str]:
    """A user pool on this machine, at `/pool`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/pool/.well-known/jwks.json" else 404)
            self.end_headers()
            self.wfile.write(jwks(a=KEY))

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/pool"
        server.shutdown()


def test_keys_come_from_the_address_of_the_pool(issuer: str) -> None:
    assert Signers(fetch_from(issuer), lambda: 0.0).key("a").key_id == "a"


def test_an_error_page_holds_no_keys(issuer: str) -> None:
    with pytest.raises(PlatformError):
        Signers(fetch_from(issuer + "2"), lambda: 0.0).key("a")
