import json

import pytest

from training.results.report import Report
from visionflow.errors import ConfigError


def test_a_report_is_read_back_as_it_was_written(report: Report) -> None:
    assert Report.parse(report.to_json()) == report


def test_the_scores_that_others_look_for_are_where_they_look(report: Report) -> None:
    document = json.loads(report.to_json())
    assert document["test"]["top1"] == report.test.top1 == pytest.approx(0.9)
    assert document["test"]["top5"] == 1
    assert document["test"]["macro_f1"] == pytest.approx(0.9)


def test_a_field_that_is_missing_or_unknown_is_named(report: Report) -> None:
    document = json.loads(report.to_json())
    del document["findings"]["curves"]
    with pytest.raises(ConfigError, match=r"report\.findings: missing field curves"):
        Report.parse(json.dumps(document))
    document = json.loads(report.to_json()) | {"surplus": 1}
    with pytest.raises(ConfigError, match="unknown field surplus"):
        Report.parse(json.dumps(document))


def test_a_report_from_before_the_curve_was_measured_is_read(report: Report) -> None:
    document = json.loads(report.to_json())
    del document["curve"]
    assert Report.parse(json.dumps(document)) == report
