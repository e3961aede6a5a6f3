"""What the stages promise each other."""

import dataclasses
from dataclasses import replace

import pytest

from infra.cli.cost import bounds_of
from infra.errors import CommandError
from infra.stages import DEV, LOCAL, PROD, STAGES, StageConfig, stage_named
from visionflow.access.quotas import Amounts
from visionflow.costs.prices import price_table
from visionflow.costs.worst_case import worst_case


def test_a_stage_is_found_by_its_name() -> None:
    assert [stage_named(name) for name in STAGES] == [LOCAL, DEV, PROD]


def test_an_unknown_stage_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(CommandError, match="'staging'; the stages are local, dev, prod"):
        stage_named("staging")


def test_only_the_local_cloud_goes_without_tls_and_sign_in() -> None:
    assert [stage.name for stage in STAGES.values() if not stage.on_aws] == ["local"]


def test_only_production_keeps_its_data() -> None:
    assert [stage.name for stage in STAGES.values() if stage.keep_data] == ["prod"]


@pytest.mark.parametrize("region", price_table().region)
@pytest.mark.parametrize("stage", [DEV, PROD], ids=lambda stage: stage.name)
def test_the_limits_allow_no_more_than_the_stage_says(stage: StageConfig, region: str) -> None:
    """And not much less: a number that nobody could reach would stop nothing."""
    total = worst_case(bounds_of(stage, region)).total
    assert 0.85 * stage.limits.worst_case_usd < total <= stage.limits.worst_case_usd


def test_dev_costs_less_than_fifty_dollars_whoever_tries() -> None:
    assert DEV.limits.worst_case_usd <= 50


def test_no_caller_may_use_more_than_the_stage() -> None:
    for stage in STAGES.values():
        quotas = stage.limits.quotas
        for name, limit in vars_of(quotas.caller).items():
            assert limit <= vars_of(quotas.stage)[name]


def vars_of(amounts: Amounts) -> dict[str, float]:
    return dataclasses.asdict(amounts)


def test_records_outlive_the_logs_about_them() -> None:
    for stage in STAGES.values():
        assert stage.log_retention_days <= stage.prediction_retention_days


@pytest.mark.parametrize(("megabytes", "threads"), [(512, 1), (1769, 1), (3008, 1), (3538, 2)])
def test_inference_has_a_thread_for_each_full_vcpu(megabytes: int, threads: int) -> None:
    stage = replace(PROD, predict_memory_mb=megabytes, ingest_memory_mb=10_240)
    assert stage.ort_threads == threads
