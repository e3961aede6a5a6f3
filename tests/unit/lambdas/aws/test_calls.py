"""What a call does when the network, S3 or DynamoDB do not."""

import base64
import json
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lambdas.aws import connections, retries
from lambdas.aws.dynamodb import DynamoDB
from lambdas.aws.endpoints import endpoint_of
from lambdas.aws.errors import ClientError, UnreachedError, answered_errors, aws_errors
from lambdas.aws.s3 import S3
from tests.unit.lambdas.aws.server import Reply, Server

KEY = {"id": {"S": "a"}}


class Clients:
    """Both clients, and how long they have slept."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.dynamodb = DynamoDB(endpoint_of("dynamodb"), sleep=self.slept.append)
        self.s3 = S3(endpoint_of("s3"), sleep=self.slept.append)

    def close(self) -> None:
        self.dynamodb.close()
        self.s3.close()

    def get_item(self) -> dict[str, Any]:
        return self.dynamodb.get_item(TableName="t", Key=KEY, ConsistentRead=True)

    def get_object(self, **more: str) -> dict[str, Any]:
        return self.s3.get_object(Bucket="images", Key="a b.jpg", **more)


@pytest.fixture
def clients(server: Server) -> Iterator[Clients]:
    found = Clients()
    yield found
    found.close()


def refusal(code: str, status: int = 400) -> Reply:
    text = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no"})
    return Reply(status, text.encode())


@pytest.mark.parametrize(
    "passing",
    [
        Reply(500, b""),
        Reply(503, b"<html>"),
        refusal("ProvisionedThroughputExceededException"),
        refusal("ThrottlingException"),
        Reply(429, b""),
        Reply(hangs_up=True),
        Reply(cut=True),
        Reply(headers={"x-amz-crc32": "1"}),
    ],
    ids=["500", "503", "throughput", "throttled", "429", "hung up", "cut", "damaged"],
)
def test_what_may_pass_is_asked_three_times(
    server: Server, clients: Clients, passing: Reply
) -> None:
    server.replies = [passing, passing, Reply(body=b'{"Item": {"id": {"S": "a"}}}')]
    assert clients.get_item() == {"Item": KEY}
    assert len(clients.slept) == 2
    throttled = passing.status == 429 or b"Thr" in passing.body
    first = 1.0 if throttled else 0.025
    assert 0 <= clients.slept[0] <= first
    assert 0 <= clients.slept[1] <= 2 * first
    server.replies = [passing] * 3
    with pytest.raises(aws_errors()):
        clients.get_item()
    assert len(server.asked) == 6


@pytest.mark.parametrize("code", ["ConditionalCheckFailedException", "ValidationException"])
def test_what_cannot_pass_is_asked_once(server: Server, clients: Clients, code: str) -> None:
    server.replies = [refusal(code)]
    with pytest.raises(answered_errors(), match=code) as raised:
        clients.get_item()
    assert len(server.asked) == 1
    response: Any = getattr(raised.value, "response", None)
    assert response["Error"] == {"Code": code, "Message": "no"}
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    exceptions = clients.dynamodb.exceptions
    assert isinstance(raised.value, exceptions.ClientError)
    conditional = isinstance(raised.value, exceptions.ConditionalCheckFailedException)
    assert conditional == code.startswith("Conditional")


def test_an_answer_that_does_not_come_is_given_up(
    server: Server, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "READ_S", 0.1)
    server.replies = [Reply(late_s=2)] * 3
    with pytest.raises(UnreachedError, match="TimeoutError"):
        clients.get_item()
    assert len(server.asked) == 3


def test_nobody_there(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.server_close()
    found = Clients()
    with pytest.raises(UnreachedError):
        found.get_item()
    assert len(found.slept) == retries.ATTEMPTS - 1


def test_an_outage_is_not_answered_with_three_times_the_calls(
    server: Server, clients: Clients
) -> None:
    server.replies = [Reply(500, b"")] * 1000
    for _ in range(60):
        with pytest.raises(ClientError):
            clients.get_item()
    # Then the quota of 500 is used up, of which each retry takes 14.
    assert len(server.asked) == 60 + 500 // 14


def test_a_service_says_how_long_to_wait(server: Server, clients: Clients) -> None:
    for asked in ("300", "60000", "-1", "soon"):
        server.replies = [Reply(503, b"", {"x-amz-retry-after": asked})]
        clients.get_item()
    stated, capped, *ignored = clients.slept
    assert stated == 0.3
    assert 5 <= capped <= 5.025
    assert max(ignored) <= 0.025


def test_a_transaction_whose_answer_was_lost_is_the_same_one(
    server: Server, clients: Clients
) -> None:
    """DynamoDB does it once by its token; a new one would fail at its own condition."""
    server.replies = [Reply(hangs_up=True)]
    for _ in range(2):
        clients.dynamodb.transact_write_items(TransactItems=[])
    lost, again, another = (json.loads(asked.body) for asked in server.asked)
    assert lost["ClientRequestToken"] == again["ClientRequestToken"]
    assert lost["ClientRequestToken"] != another["ClientRequestToken"]
    assert 1 <= len(lost["ClientRequestToken"]) <= 36
    clients.dynamodb.transact_write_items(TransactItems=[], ClientRequestToken="mine")
    assert json.loads(server.asked[-1].body)["ClientRequestToken"] == "mine"


def test_a_body_that_is_refused_before_its_end_is_told_why(
    server: Server, clients: Clients
) -> None:
    """S3 answers and closes while a large body is still on its way."""
    told = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
    server.replies = [Reply(403, told, ignores_body=True)]
    with pytest.raises(ClientError, match="AccessDenied"):
        clients.s3.put_object(Bucket="images", Key="k", Body=bytes(20_000_000))
    clients.s3.put_object(Bucket="images", Key="k", Body=b"next")
    assert len({asked.client for asked in server.asked}) == 2


def test_what_is_not_dynamodb_s_answer_is_none(server: Server, clients: Clients) -> None:
    server.replies = [Reply(body=b"<html>")]
    with pytest.raises(UnreachedError):
        clients.get_item()


def test_a_connection_is_kept_and_one_that_was_closed_is_not_used(
    server: Server, clients: Clients
) -> None:
    for _ in range(3):
        clients.get_item()
    assert len({asked.client for asked in server.asked}) == 1
    server.replies = [Reply(closes_afterwards=True)]
    clients.get_item()
    clients.get_item()
    assert len({asked.client for asked in server.asked}) == 2
    assert clients.slept == [], "a connection that is over is no failed attempt"


def test_calls_at_the_same_time_have_connections_of_their_own(
    server: Server, clients: Clients
) -> None:
    server.replies = [Reply(late_s=0.2)] * 4
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: clients.get_item(), range(4)))
    assert len({asked.client for asked in server.asked}) == 4


def test_bytes_travel_in_base64(server: Server, clients: Clients) -> None:
    value = {"id": {"S": "a"}, "sketch": {"B": b"\0\1"}, "many": {"BS": [b"x"]}}
    named = {"B": {"S": "an attribute of that name"}}
    server.replies = [Reply(body=json.dumps({"Item": {"B": {"M": {}}}}).encode())]
    clients.dynamodb.put_item(TableName="t", Item=value | named)
    sent = json.loads(server.asked[0].body)["Item"]
    assert sent["sketch"] == {"B": "AAE="}
    assert sent["B"] == named["B"]
    server.replies = [Reply(body=json.dumps({"Item": sent}).encode())]
    assert clients.get_item()["Item"] == value | named


def test_an_object_with_what_is_known_of_it(server: Server, clients: Clients) -> None:
    data = b"pixels"
    crc = base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()
    headers = {"ETag": '"e"', "x-amz-version-id": "v", "x-amz-meta-Owner": "me"}
    server.replies = [Reply(body=data, headers=headers | {"x-amz-checksum-crc32": crc})]
    answer = clients.get_object(VersionId="v/1", IfMatch='"e"')
    with answer["Body"] as body:
        assert body.read() == data
    assert answer["Metadata"] == {"owner": "me"}
    assert (answer["VersionId"], answer["ContentLength"]) == ("v", 6)
    (asked,) = server.asked
    assert asked.target == "/images/a%20b.jpg?versionId=v%2F1"
    assert asked.headers["if-match"] == '"e"'


@pytest.mark.parametrize(
    "headers",
    [{"x-amz-checksum-crc32": "AAAAAA=="}, {"x-amz-checksum-sha256": "AAAA"}],
    ids=["crc32", "sha256"],
)
def test_a_damaged_object_is_never_handed_over(
    server: Server, clients: Clients, headers: dict[str, str]
) -> None:
    server.replies = [Reply(body=b"pixels", headers=headers)]
    with pytest.raises(UnreachedError, match="checksum"), clients.get_object()["Body"] as body:
        body.read()


def test_an_object_that_breaks_off_is_not_whole(server: Server, clients: Clients) -> None:
    server.replies = [Reply(body=b"pix", cut=True)]
    with pytest.raises(UnreachedError), clients.get_object()["Body"] as body:
        body.read()


def test_a_body_that_nobody_reads_takes_its_connection_along(
    server: Server, clients: Clients
) -> None:
    server.replies = [Reply(body=b"x" * 1_000_000), Reply(body=b"second")]
    with clients.get_object()["Body"]:
        pass
    with clients.get_object()["Body"] as body:
        assert body.read() == b"second"


@pytest.mark.parametrize(
    ("reply", "code", "message"),
    [
        (
            Reply(404, b"<Error><Code>NoSuchKey</Code><Message>a &lt;key&gt;</Message></Error>"),
            "NoSuchKey",
            "a <key>",
        ),
        (Reply(404, b""), "404", "Not Found"),
        (Reply(412, b"<Error><Code>PreconditionFailed</Code></Error>"), "PreconditionFailed", ""),
    ],
)
def test_errors_of_s3_have_the_codes_that_stores_know(
    server: Server, clients: Clients, reply: Reply, code: str, message: str
) -> None:
    server.replies = [reply]
    with pytest.raises(ClientError) as raised:
        clients.get_object()
    told = raised.value.response["Error"]
    assert told["Code"] == code
    assert message in told["Message"]
    assert isinstance(raised.value, clients.s3.exceptions.NoSuchKey) == (code == "NoSuchKey")


def test_what_is_stored_has_its_checksum_and_type(server: Server, clients: Clients) -> None:
    server.replies = [Reply(body=b"", headers={"x-amz-version-id": "v"})]
    more = {"ContentType": "image/png", "IfNoneMatch": "*", "Metadata": {"outcome": '{"a": 1}'}}
    stored = clients.s3.put_object(Bucket="images", Key="k", Body=b"data", **more)
    assert stored["VersionId"] == "v"
    (asked,) = server.asked
    assert (asked.method, asked.body) == ("PUT", b"data")
    assert asked.headers["content-type"] == "image/png"
    assert asked.headers["if-none-match"] == "*"
    assert asked.headers["x-amz-meta-outcome"] == '{"a": 1}'
    crc = int.from_bytes(base64.b64decode(asked.headers["x-amz-checksum-crc32"]), "big")
    assert crc == zlib.crc32(b"data")
    assert "x-amz-checksum-crc32" in asked.headers["authorization"]


def test_an_argument_that_is_not_known_here_is_refused(server: Server, clients: Clients) -> None:
    with pytest.raises(TypeError, match="StorageClass"):
        clients.s3.put_object(Bucket="images", Key="k", Body=b"", StorageClass="GLACIER")
    assert server.asked == []
