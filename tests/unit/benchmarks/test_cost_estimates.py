"""Estimates are computed, not kept: a kept one goes on saying what was true once."""

from tests.benchmarks import cost_estimates, readme
from tests.benchmarks.figures import read_runs
from visionflow.costs.instant import dataset_cost


def test_no_result_file_keeps_an_estimate() -> None:
    assert not [run.command for run in read_runs() if "visionflow cost" in (run.command or "")]


def test_the_readme_says_what_the_estimator_says() -> None:
    text = readme.render([cost_estimates.run()])
    assert f"3,000 images: {dataset_cost(3_000).total:.3g};" in text
