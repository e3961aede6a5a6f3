"""Requests while the alias moves ten times; the benchmark does it in real time."""

from pathlib import Path

import pytest

from lambdas.classification.active_model import REFRESH_S
from tests.integration.alias_traffic import Traffic, publish
from tests.integration.conftest import Cloud

VERSIONS = [str(number) for number in range(11)]
# Everything a hundred times as fast as it is: the aliases are read every tenth of a second.
FASTER = 100


def test_no_answer_fails_or_comes_from_an_old_version_while_the_alias_moves_ten_times(
    empty_cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambdas.classification.active_model.REFRESH_S", REFRESH_S / FASTER)
    publish(empty_cloud, tmp_path / "artifacts", VERSIONS)
    with monkeypatch.context() as patch:
        report = Traffic(empty_cloud, rate=100).run(VERSIONS, 0.2, patch)
    print(report)
    assert report.failed == []
    assert set(report.answers) == set(VERSIONS)
    assert 10 * report.answers.total() == 7 * report.requests
    assert report.stale_s < 15 / FASTER
