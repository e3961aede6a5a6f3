"""Where a webhook may lead: checked on the address that is connected to."""

import ipaddress
import socket

import pytest

from lambdas.hooks.post import RefusedAddressError, allowed, is_public, post
from tests.unit.lambdas.hooks.receiver import receiver
from visionflow.errors import InvalidParameterError
from visionflow.events.hooks import kind_of

NOT_PUBLIC = (
    *("127.0.0.1", "127.8.9.1", "0.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1"),
    *("169.254.169.254", "169.254.170.2", "100.64.0.1", "192.0.0.170", "198.18.0.1"),
    *("224.0.0.1", "240.0.0.1", "255.255.255.255", "203.0.113.9"),
    *("::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
    # IPv4 inside IPv6
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::1"),
    *("2001:0:7f00:1::", "64:ff9b:1::7f00:1"),
)
PUBLIC = ("1.1.1.1", "8.8.8.8", "52.94.5.1", "2606:4700:4700::1111", "::ffff:8.8.8.8")


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_no_private_network_is_public(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))
    with pytest.raises(RefusedAddressError, match=r"is not a public address"):
        # One good address beside it does not help.
        allowed(["8.8.8.8", text], allow_loopback=False)


@pytest.mark.parametrize("text", PUBLIC)
def test_what_everybody_can_reach_is(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


def test_a_name_that_leads_inside_is_refused_without_a_connection() -> None:
    with receiver() as there:
        port = int(there.url.split(":")[2].partition("/")[0])
        answer = post(
            f"http://looks-fine.example.com:{port}/",
            b"{}",
            {},
            allow_loopback=False,
            resolve=lambda _host, _port: ["127.0.0.1"],
        )
        assert answer.status is None
        assert there.asked == 0


@pytest.mark.parametrize(
    ("written", "asked"),
    [("", "/"), ("?key=1", "/?key=1"), ("/?", "/"), ("/a%20b;c?x=/y", "/a%20b;c?x=/y")],
)
def test_a_receiver_is_asked_for_the_path_that_was_written(written: str, asked: str) -> None:
    with receiver() as there:
        start = there.url.partition("/hook")[0]
        assert post(start + written, b"{}", {}, allow_loopback=True).ok
        assert there.paths == [asked]


def test_what_was_checked_is_what_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads elsewhere a moment later gains nothing."""
    seen: list[object] = []

    def connect(address: object, timeout: float) -> socket.socket:
        seen.append(address)
        raise OSError("not here")

    monkeypatch.setattr(socket, "create_connection", connect)
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])
    answer = post(
        "https://rebinds.example.com/x",
        b"{}",
        {},
        allow_loopback=False,
        resolve=lambda _host, _port: next(answers),
    )
    assert seen == [("8.8.8.8", 443)]
    assert answer.status is None


@pytest.mark.parametrize("kind", ["http", "self-signed"])
def test_https_is_verified(kind: str) -> None:
    """A receiver without TLS, or whose certificate nobody vouches for, gets nothing."""
    with receiver() as there:
        url = there.url.replace("http://", "https://")
        answer = post(url, b"{}", {}, allow_loopback=True, timeout_s=1.0)
        assert not answer.ok
        assert there.taken == []


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("https://erp.example.com/hook?key=1", "webhook"),
        ("https://erp.example.com:8443/", "webhook"),
        ("team@example.com", "email"),
        ("arn:aws:sqs:eu-central-1:123456789012:orders", "sqs"),
    ],
)
def test_targets_are_known_by_their_form(target: str, kind: str) -> None:
    assert kind_of(target, allow_loopback=False) == kind


@pytest.mark.parametrize(
    "target",
    [
        *("", "erp", "http://erp.example.com/", "ftp://erp.example.com/", "https://"),
        *("https://user:pass@erp.example.com/", "https://erp.example.com/#x"),
        *("https://erp.example.com:99999/", "https://erp.example.com/ x", "https://é.example.com/"),
        *("arn:aws:lambda:eu-central-1:123456789012:function:x", "a@b", "http://127.0.0.1/"),
        "https://erp.example.com/" + "x" * 500,
        "https://erp.example.com/\r\nX: y",
    ],
)
def test_other_targets_are_refused(target: str) -> None:
    with pytest.raises(InvalidParameterError):
        kind_of(target, allow_loopback=False)


def test_only_the_local_cloud_has_receivers_on_this_computer() -> None:
    assert kind_of("http://127.0.0.1:9000/", allow_loopback=True) == "webhook"
    with pytest.raises(InvalidParameterError):
        kind_of("http://erp.example.com/", allow_loopback=True)
