"""The pages for a new account: the same in both languages, and true to the commands and prices."""

import re
import shlex
from pathlib import Path

import pytest

from infra.cli.cost import bounds_of, workload_of
from infra.cli.main import parser
from infra.packaging.workspace import PROJECT
from infra.stages import DEV
from visionflow.costs.estimate import estimate
from visionflow.costs.instant import dataset_cost
from visionflow.costs.worst_case import worst_case
from visionflow.jobs.instances import BY_NAME

ENGLISH, KOREAN = (PROJECT / "infra" / name for name in ("NEW_ACCOUNT.md", "NEW_ACCOUNT.ko.md"))
SEOUL = "ap-northeast-2"
_FENCED = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:visionflow|make|aws) [^`]+)`")


def commands(page: Path) -> list[str]:
    """Of the blocks and of the text, without their comments."""
    text = page.read_text(encoding="utf-8")
    blocks = [line for block in _FENCED.findall(text) for line in block.splitlines()]
    return [re.sub(r"\s+#.*", "", line).strip() for line in blocks] + sorted(_INLINE.findall(text))


def headings(page: Path) -> list[int]:
    lines = page.read_text(encoding="utf-8").splitlines()
    return [len(line) - len(line.lstrip("#")) for line in lines if re.match(r"#+ [^#]", line)]


def test_both_languages_have_the_same_sections_and_commands() -> None:
    assert headings(ENGLISH) == headings(KOREAN)
    assert commands(ENGLISH) == commands(KOREAN)
    numbers = [re.findall(r"\d+\.\d\d(?!\d)", page.read_text()) for page in (ENGLISH, KOREAN)]
    assert sorted(numbers[0]) == sorted(numbers[1])


def test_both_languages_have_the_same_messages() -> None:
    def messages(page: Path) -> list[str]:
        rows = [line for line in page.read_text().splitlines() if line.startswith("| ")]
        return [row.split(" | ")[0] for row in rows[1:]]

    assert messages(ENGLISH) == messages(KOREAN)
    assert len(messages(ENGLISH)) > 4


@pytest.mark.parametrize("page", [ENGLISH, KOREAN], ids=lambda page: page.name)
def test_a_page_is_short_and_linked(page: Path) -> None:
    assert len(page.read_text(encoding="utf-8").splitlines()) <= 100
    for reader in (PROJECT / "README.md", PROJECT / "infra" / "README.md"):
        assert f"{page.name})" in reader.read_text(encoding="utf-8"), reader


COMMANDS = dict.fromkeys(line for line in commands(ENGLISH) if line.startswith("visionflow "))


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_is_one_that_there_is(line: str) -> None:
    words = shlex.split(line)[1:]
    if len(words) > 1:
        parser().parse_args(words)
    else:
        with pytest.raises(SystemExit, match="0"):
            parser().parse_args([*words, "--help"])


@pytest.mark.parametrize("page", [ENGLISH, KOREAN], ids=lambda page: page.name)
def test_what_is_trained_on_was_made_before(page: Path) -> None:
    """An empty account has no dataset, and an empty computer no folder of images."""
    made = set[str]()
    for line in (line for line in commands(page) if line.startswith("visionflow ")):
        arguments = vars(parser().parse_args(words)) if (words := shlex.split(line)[1:])[1:] else {}
        if words[:2] == ["data", "flowers"]:
            made.add(str(arguments["out"]))
        if words[:2] == ["jobs", "start"]:
            assert {arguments["data"], arguments["dataset"]} - {None} <= made, line


def test_every_target_of_make_is_one_that_there_is() -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    targets = [line.split()[1] for line in commands(ENGLISH) if line.startswith("make ")]
    assert {"up", "down"} <= set(targets)
    assert all(f"\n{target}:" in makefile for target in targets)


def test_the_figures_are_those_of_seouls_prices() -> None:
    text = ENGLISH.read_text(encoding="utf-8")
    found = estimate(workload_of(DEV, SEOUL))
    per_1000 = found.http.per_million / 1000
    machine = BY_NAME["g4dn.xlarge"]
    assert f"1,000 images of 3 megapixels {per_1000:.2f}," in text
    assert f"idle stage costs {sum(found.idle_per_month.values()):.2f} a" in text
    assert f"and {found.metrics_per_month:.2f} more for metrics" in text
    assert f"trained by a function: {dataset_cost(1000, region=SEOUL).total:.2f}" in text
    on_demand, spot = machine.price("on-demand", SEOUL), machine.price("spot", SEOUL)
    assert f"address {on_demand:.2f} on demand, about {spot:.2f} on spot" in text
    assert worst_case(bounds_of(DEV, SEOUL)).total <= DEV.limits.worst_case_usd == 50
    assert "allow 50 dollars a month" in text
