import json
from dataclasses import replace

import pytest

from infra.cli import main
from infra.cli.cost import bounds_of
from infra.stages import MORE_ALARMS, PROD, STAGES
from visionflow.costs.amounts import Workload
from visionflow.costs.estimate import estimate
from visionflow.costs.events import event_costs
from visionflow.costs.instant import dataset_cost
from visionflow.costs.worst_case import worst_case
from visionflow.strict import to_dict


@pytest.fixture(autouse=True)
def no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")


@pytest.mark.parametrize("asked", [("--per-day", "9"), ("--worst-case",), ("--dataset", "9")])
@pytest.mark.parametrize(
    ("option", "variable", "priced", "note"),
    [
        (None, None, "us-east-1", "No region is chosen, so the prices are those of us-east-1"),
        ("ap-northeast-2", None, "ap-northeast-2", None),
        (None, "ap-northeast-2", "ap-northeast-2", None),
        ("us-east-1", "ap-northeast-2", "us-east-1", None),
        ("eu-west-1", None, "us-east-1", "There are no prices for eu-west-1 here"),
        (None, "eu-west-1", "us-east-1", "There are no prices for eu-west-1 here"),
    ],
)
def test_the_prices_are_those_of_the_region_in_which_a_stage_is(
    asked: tuple[str, ...],
    option: str | None,
    variable: str | None,
    priced: str,
    note: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And it is said where they are another's, without spoiling what programs read."""
    if variable:
        monkeypatch.setenv("AWS_REGION", variable)
    assert main.main(["cost", *asked, *(("--region", option) if option else ()), "--json"]) == 0
    printed = capsys.readouterr()
    assert priced in json.loads(printed.out)["assumptions"]["prices"]
    assert (note or "") in printed.err
    assert bool(printed.err) == bool(note)


def test_the_command_prints_what_the_one_function_says(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--per-day", "2000", "--image-mp", "12", "--region", "ap-northeast-2", "--json")
    assert main.main(["cost", *options]) == 0
    expected = estimate(Workload(per_day=2000, megapixels=12, region="ap-northeast-2"))
    told = to_dict(event_costs("ap-northeast-2"))
    both = {**to_dict(expected), "events_per_million": told}
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(both))


def test_a_size_that_is_too_small_is_said_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["cost", "--per-day", "2000", "--memory", "256"]) == 0
    assert capsys.readouterr().out.startswith("Note: 256 MB do not hold the worker")


def test_a_stage_brings_its_retention_and_whatever_it_pays_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def printed() -> object:
        assert main.main(["cost", "--per-day", "2000", "--stage", "prod", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        del found["events_per_million"]  # the test above has it
        return found

    def estimated(workload: Workload) -> object:
        return json.loads(json.dumps(to_dict(estimate(workload))))

    basic = Workload(2000, 3.0, retention_days=365, log_days=90)
    assert printed() == estimated(basic)
    costly = replace(PROD, snap_start=True, alarm_key=True, all_alarms=True)
    monkeypatch.setitem(STAGES, "prod", costly)
    more = Workload(
        2000, 3.0, retention_days=365, log_days=90, snap_start=2, keys=1, more_alarms=MORE_ALARMS
    )
    assert printed() == estimated(more)


def test_the_table_names_the_cheapest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["cost", "--per-day", "2000", "--architecture", "arm64", "--free-tier"]) == 0
    out = capsys.readouterr().out
    best = estimate(Workload(2000, 3.0, architecture="arm64", free_tier=True)).cheapest
    assert f"The cheapest is {best.architecture} with {best.memory_mb} MB." in out
    assert "assumed, not measured" in out


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--memory", "between 128 and"),
        ("--days", "days must be"),
        ("--image-mp", "above 0"),
    ],
)
@pytest.mark.parametrize("number", ["0", "-1"])
def test_a_number_out_of_its_range_is_refused_and_not_replaced(
    option: str, said: str, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["cost", "--per-day", "9", option, number]) == 1
    assert said in capsys.readouterr().err


def test_no_images_are_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["cost", "--per-day", "0"]) == 1
    assert "above 0" in capsys.readouterr().err


def test_the_worst_case_of_a_stage_is_printed_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["cost", "--worst-case"]) == 0
    out = capsys.readouterr().out
    assert "USD per month that the limits of stage dev allow at most" in out
    assert "AWS Budgets stops the stage at 50 USD" in out
    assert "signed URL" in out
    assert main.main(["cost", "--worst-case", "--stage", "prod", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    expected = worst_case(bounds_of(PROD, "us-east-1"))
    assert printed == json.loads(json.dumps(to_dict(expected)))
    assert printed["total"] == pytest.approx(sum(printed["lines"].values()))


def test_a_number_of_images_and_the_worst_case_exclude_each_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main.main(["cost", "--worst-case", "--per-day", "5"]) == 2
    assert "not allowed with" in capsys.readouterr().err


def test_a_dataset_is_estimated_from_upload_to_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["cost", "--dataset", "3000"]) == 0
    expected = dataset_cost(3000)
    out = capsys.readouterr().out
    assert f"From upload to version: {expected.total:.4f} USD" in out
    assert main.main(["cost", "--dataset", "3000", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(to_dict(expected)))
    assert main.main(["cost", "--dataset", "0"]) == 1
    assert "above 0" in capsys.readouterr().err
