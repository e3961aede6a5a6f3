"""``visionflow doctor``: what each check says of an account that is ready, lacks something or may
not be looked at, and what a deployment makes of it."""

import json
import socket
import threading
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.cli import main
from infra.cli.account.doctor import command, computer, credentials
from infra.cli.account.doctor.account import Clients
from infra.cli.account.doctor.check import Check, Result, ok, run
from infra.errors import CommandError
from infra.packaging.workspace import PROJECT, Workspace
from infra.stages import DEV, PROD, STAGES
from tests.unit.infra.cli.account.doctor.answers import (
    ACCOUNT,
    READY,
    REFUSED,
    REGION,
    Answers,
    stack,
)
from tests.unit.infra.cli.account.doctor.lacking import CALLS, LACKING, Given

ON_AWS = (
    *("credentials", "region", "bootstrap", "functions at once", "GPU machines, on-demand"),
    *("GPU machines, spot", "CPU machines, on-demand", "CPU machines, spot"),
    *("role of spot machines", "machine types", "machine image", "CloudFront", "stacks"),
    *("sign-in address", "kept data"),
)


# However busy this machine is.
PATIENTLY = 120.0
WORKSPACE = Workspace(state=PROJECT / ".visionflow")


def diagnose(
    monkeypatch: pytest.MonkeyPatch,
    given: Given,
    stage: str = "prod",
    region: str | None = REGION,
    *,
    only: Collection[str] = (),
) -> dict[str, Result]:
    """The results by the names of their checks."""
    answers = Answers({**READY, **given})
    monkeypatch.setattr("boto3.Session", lambda: answers.session(region))
    checks = command.checks_of(STAGES[stage], WORKSPACE)
    wanted = [check for check in checks if not only or check.name in only]
    return {one.check: one for one in run(wanted, PATIENTLY)}


def test_an_account_that_is_ready_lacks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = diagnose(monkeypatch, {})
    assert set(ON_AWS) <= set(found)
    assert {name: found[name].status for name in ON_AWS} == dict.fromkeys(ON_AWS, "ok")
    assert all(found[name].todo is None for name in ON_AWS)
    assert ACCOUNT in found["credentials"].said


@pytest.mark.parametrize(("name", "given", "status", "todo"), LACKING)
def test_what_is_lacking_is_said_with_what_to_do(
    name: str, given: Given, status: str, todo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = diagnose(monkeypatch, given, only=[name])[name]
    assert found.status == status
    assert found.todo is not None
    assert todo in found.todo


def test_each_check_of_an_account_can_lack_something() -> None:
    assert {name for name, *_ in LACKING} == set(ON_AWS)


@pytest.mark.parametrize("code", [REFUSED, "UnauthorizedOperation", "AccessDeniedException"])
@pytest.mark.parametrize("name", CALLS)
def test_a_refusal_by_iam_names_the_action_and_does_not_block(
    name: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, action = CALLS[name]
    found = diagnose(monkeypatch, {call: code}, only=[name])[name]
    assert found.status == "unchecked"
    assert action in found.said
    assert "administrator" in str(found.todo)


def test_every_check_of_an_account_can_be_refused() -> None:
    assert set(CALLS) == set(ON_AWS) - {"credentials"}


@pytest.mark.parametrize("name", CALLS)
def test_another_answer_than_expected_is_no_crash(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = diagnose(monkeypatch, {CALLS[name][0]: "Throttling"}, only=[name])[name]
    assert found.status == "unchecked"
    assert "Throttling" in found.said


@pytest.mark.parametrize("stage", ["dev", "prod"])
@pytest.mark.parametrize("limit", [10, 209, 210, 1000])
def test_a_stage_needs_what_it_reserves_and_what_aws_keeps(
    stage: str, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {"ConcurrentExecutions": limit, "UnreservedConcurrentExecutions": limit}
    given: Given = {"GetAccountSettings": {"AccountLimit": limits}}
    name = "functions at once"
    found = diagnose(monkeypatch, given, stage, only=[name])[name].status
    reserved = STAGES[stage].reserved_concurrency.total
    if reserved:
        assert found == ("ok" if limit >= reserved + 100 else "missing")
    else:
        assert found == ("warning" if limit == 10 else "ok")


def test_a_stage_that_is_deployed_has_its_reservation_already(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 150}
    stacks = [stack("VisionFlow-Prod-Service", "UPDATE_COMPLETE")]
    given: Given = {
        "GetAccountSettings": {"AccountLimit": limits},
        "DescribeStacks": {"Stacks": stacks},
        "DescribeUserPoolDomain": {"DomainDescription": {"UserPoolId": "its own"}},
    }
    found = diagnose(monkeypatch, given)
    assert found["functions at once"].status == "ok"
    assert found["sign-in address"].status == "ok"
    assert "VisionFlow-Prod-Service" in found["stacks"].said


@pytest.mark.parametrize("region", [None, "", REGION])
def test_without_credentials_only_they_the_region_and_the_computer_are_looked_at(
    region: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = diagnose(monkeypatch, {"GetCallerIdentity": "ExpiredToken"}, region=region or None)
    assert found["credentials"].status == "missing"
    assert set(found) & set(ON_AWS) == {"credentials", *(() if region else ("region",))}


def test_good_credentials_are_not_called_wrong_where_a_region_is_not_enabled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """STS of such a region knows no credentials; that of us-east-1 does."""
    answers = Answers(dict(READY))
    monkeypatch.setattr("boto3.Session", lambda: answers.session("ap-east-1"))
    used: list[str] = []
    asked = Clients.of

    def of(clients: Clients, service: str, region: str | None = None) -> Any:
        client = asked(clients, service, region)
        used.append(client.meta.region_name)
        return client

    monkeypatch.setattr(Clients, "of", of)
    account, checks = credentials.look(PROD)
    assert account is not None
    assert account.region == "ap-east-1"
    assert [result.status for result in run(checks)] == ["ok", "ok"]
    assert used == ["us-east-1", "us-east-1"]


def test_a_profile_that_is_not_there_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    account, checks = credentials.look(DEV)
    assert account is None
    (result,) = run(checks)
    assert (result.status, "nobody" in result.said) == ("missing", True)


def test_what_does_not_answer_could_not_be_checked_and_holds_nobody_up() -> None:
    never, began = threading.Event(), threading.Event()

    def hang() -> Any:
        began.set()
        never.wait()

    found = run([Check("slow", hang), Check("quick", lambda: ok("fine"))], seconds=1.0)
    never.set()
    assert began.is_set()
    assert [result.status for result in found] == ["unchecked", "ok"]
    assert "within 1 seconds" in found[0].said


def test_checks_run_at_the_same_time() -> None:
    """Each waits until all others have begun, which one after the other never ends."""
    together = threading.Barrier(5)

    def look() -> Any:
        together.wait(10)
        return ok("met")

    found = run([Check(str(number), look) for number in range(5)])
    assert {result.status for result in found} == {"ok"}


def test_a_fault_of_a_check_is_not_hidden() -> None:
    def wrong() -> Any:
        raise KeyError("a bug")

    with pytest.raises(KeyError, match="a bug"):
        run([Check("wrong", wrong)])


@pytest.mark.parametrize(("given", "code"), [({}, 0), ({"GetParameter": "ParameterNotFound"}, 3)])
def test_the_command_ends_with_three_where_something_is_missing(
    given: Given, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = Answers({**READY, **given})
    monkeypatch.setattr("boto3.Session", answers.session)
    assert main.main(["doctor", "--stage", "prod", "--region", REGION, "--json"]) == code
    found = json.loads(capsys.readouterr().out)
    assert (found["stage"], found["blocked"]) == ("prod", code == 3)
    assert {check["check"] for check in found["checks"]} >= set(ON_AWS)
    assert main.main(["doctor", "--stage", "prod", "--region", REGION]) == code
    printed = capsys.readouterr().out
    for check in found["checks"]:
        assert check["check"] in printed
        assert check["todo"] is None or f"to do: {check['todo']}" in printed
    assert ("would fail" in printed) == (code == 3)


@pytest.mark.parametrize("stage", STAGES)
def test_the_stage_of_the_doctor_is_one_of_all(
    stage: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = Answers(dict(READY))
    monkeypatch.setattr("boto3.Session", answers.session)
    main.main(["doctor", "--stage", stage, "--json"])
    names = {check["check"] for check in json.loads(capsys.readouterr().out)["checks"]}
    assert ("port" in names) == (stage == "local")
    assert ("bootstrap" in names) == (stage != "local")
    assert {"Node.js", "free disk", "CDK library"} <= names
    assert bool(answers.asked) == (stage != "local")


def test_a_deployment_looks_first_at_what_would_end_it_and_says_all_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And at nothing else, which would cost time."""
    answers = Answers({**READY, "GetParameter": "ParameterNotFound"})
    monkeypatch.setattr("boto3.Session", answers.session)
    found = {result.check for result in command.look("prod", WORKSPACE, before_deploy=True)}
    assert found >= {"credentials", "region", "bootstrap", "functions at once", "stacks"}
    assert not found & {"GPU machines, spot", "CloudFront", "kept data", "AWS CLI"}
    with pytest.raises(CommandError) as raised:
        command.require("prod", WORKSPACE)
    said = str(raised.value)
    assert "bootstrap: " in said
    assert "To do: " in said
    assert "visionflow doctor --stage prod" in said


def test_a_deployment_is_not_held_up_by_what_could_not_be_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = Answers({**READY, "GetAccountSettings": REFUSED, "DescribeRegions": REFUSED})
    monkeypatch.setattr("boto3.Session", answers.session)
    command.require("prod", WORKSPACE)


def test_a_port_in_use_is_missing(tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        checks = computer.checks(STAGES["local"], Workspace(state=tmp_path), port)
        found = {result.check: result for result in run(checks)}
    assert found["port"].status == "missing"
    assert "--port" in str(found["port"].todo)


def test_a_full_disk_an_old_node_and_a_missing_library_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def old() -> str:
        raise CommandError("Node.js 20.19 or newer is needed")

    monkeypatch.setattr(computer, "NEEDED_GIB", {True: 1e9, False: 1e9})
    monkeypatch.setattr("infra.local_cloud.toolchain.require_node", old)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr("shutil.which", lambda _: None)
    workspace = Workspace(state=tmp_path / "not" / "there" / "yet")
    found = {result.check: result for result in run(computer.checks(DEV, workspace))}
    assert {name: result.status for name, result in found.items()} == {
        "Node.js": "missing",
        "free disk": "missing",
        "CDK library": "missing",
        "AWS CLI": "warning",
    }
    assert all(result.todo for result in found.values())


def test_the_doctor_by_moto_on_an_account_that_is_empty(
    aws: None,
) -> None:
    """What moto has is answered by it: shapes and codes are not this test's invention."""
    wanted = {
        "credentials": "ok",
        "bootstrap": "missing",
        "role of spot machines": "warning",
        "CloudFront": "unchecked",
        "stacks": "ok",
        "sign-in address": "ok",
        "kept data": "ok",
    }
    checks = [check for check in command.checks_of(DEV, WORKSPACE) if check.name in wanted]
    assert {result.check: result.status for result in run(checks, PATIENTLY)} == wanted


def test_what_a_stage_reserves_is_the_sum_of_its_functions() -> None:
    assert PROD.reserved_concurrency.total == 110
    assert replace(PROD.reserved_concurrency, predict=None).total == 60
    assert DEV.reserved_concurrency.total == 0


def test_what_could_not_be_checked_is_not_called_present(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = Answers({**READY, "GetParameter": "Throttling"})
    monkeypatch.setattr("boto3.Session", lambda: answers.session(REGION))
    assert main.main(["doctor", "--stage", "dev"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("Not checked: bootstrap, machine")


@pytest.mark.parametrize("code", ["Throttling", "ExpiredToken"])
def test_an_account_that_nobody_could_ask_for_is_missing(
    code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = Answers({**READY, "GetCallerIdentity": code})
    monkeypatch.setattr("boto3.Session", lambda: answers.session(REGION))
    assert main.main(["doctor", "--stage", "dev"]) == 3
    assert "would fail" in capsys.readouterr().out.splitlines()[-1]
