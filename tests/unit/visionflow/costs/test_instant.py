"""Costs of datasets against sums that were worked by hand."""

import pytest

from infra.stacks.service import INGEST_BATCH
from lambdas.instant.run_folder import CHUNK as RUN_CHUNK
from lambdas.instant.training_set import MOST_MEASURED as MOST_OF_A_PART
from tests.unit.visionflow.costs.test_estimate import MEASURED, PRICES
from training.config import DEFAULTS, load_config
from visionflow.costs.instant import (
    CHUNK,
    CURATION_BATCH,
    MEASURED_SHARE,
    MOST_MEASURED,
    MeasuredTraining,
    curation_amounts,
    dataset_cost,
    forecast,
    kept_amounts,
    training_amounts,
)
from visionflow.errors import InvalidParameterError

# With MEASURED, an image of one megapixel takes 40 - 10 + 20 = 50 ms of its own.
TRAINING = MeasuredTraining(
    measured_at="2030-01-01",
    hardware="a machine",
    trunk="a trunk",
    embed_ms=20,
    content_bytes=7_000,
    facts_bytes=300,
    fixed_s=20,
    fit_ms=2,
    prove_ms=40,
)


def test_a_thousand_images_curated_by_hand() -> None:
    """Ten requests for forms and a hundred batches. An image waits for S3 once and for the table
    four times: 50 + 30 + 24 ms of 1,769 MB."""
    amounts = curation_amounts(1000, 1, MEASURED, TRAINING)
    assert amounts["http_api_requests"] == 10
    assert amounts["lambda_requests"] == 10 + 2 * 100
    assert amounts["lambda_gb_seconds"] == pytest.approx(104 * 1769 / 1024 + 10 * 0.15)
    assert amounts["s3_puts"] == amounts["s3_gets"] == 1000
    assert amounts["sqs_requests"] == 1000 + 5 * 100
    # Seven for the content, and one each to announce and to fill in the facts.
    assert amounts["dynamodb_write_units"] == 1000 * 9 + 100 + 10 * 2
    # Two rows each; then all contents at half of two units, and 300 kB of facts.
    assert amounts["dynamodb_read_units"] == 2000 + 1000 + 74


def test_a_training_of_a_thousand_images_by_hand() -> None:
    """20 s, 2 ms for each image and 40 ms for each of the 300 that it is measured on: 34 s."""
    amounts = training_amounts(1000, 0, 1, MEASURED, TRAINING)
    assert amounts["state_transitions"] == 8
    assert amounts["lambda_gb_seconds"] == pytest.approx(34 * 3008 / 1024)
    assert amounts["s3_gets"] == 20 + 300
    assert amounts["dynamodb_read_units"] == 2 * (1000 + 74)


def test_images_without_an_embedding_are_embedded_first_by_hand() -> None:
    """250 are three chunks; each image takes 50 + 30 + 18 ms of the embed function and its map."""
    none, some = (training_amounts(1000, n, 1, MEASURED, TRAINING) for n in (0, 250))
    more = {item: some[item] - none[item] for item in some if some[item] != none[item]}
    assert more == pytest.approx(
        {
            "state_transitions": 1,
            "http_api_requests": 3,
            "lambda_requests": 3,
            "lambda_gb_seconds": 250 * 0.098 * (1769 + 64) / 1024,
            "s3_gets": 250,
            "dynamodb_write_units": 250 * 2 * (7 + 1),
            "dynamodb_read_units": 500,
            "logs_gb": 3 * 2000 / 2**30,
        }
    )


def test_dollars_by_hand() -> None:
    found = dataset_cost(1000, 1, measurements=(MEASURED, TRAINING))
    assert found.curation["s3_puts"] == pytest.approx(0.005)
    assert found.curation["dynamodb_write_units"] == pytest.approx(9120 * 0.625e-6)
    assert found.training["state_transitions"] == pytest.approx(8 * 25e-6)
    assert found.seconds == 34
    by_item = sum(found.curation.values()) + sum(found.training.values())
    assert found.total == pytest.approx(by_item)
    kept = kept_amounts(1000, 1, MEASURED, TRAINING)
    assert kept["s3_gb_months"] == pytest.approx((1000 * 400_000 + 8_000_000) / 2**30)
    assert found.kept_per_month["s3_gb_months"] == kept["s3_gb_months"] * PRICES.s3_gb_months


def test_three_thousand_images_cost_five_cents_at_most() -> None:
    assert dataset_cost(3000).total <= 0.05


def test_a_forecast_counts_what_is_embedded_already() -> None:
    whole, embedded = forecast(3000, 0), forecast(3000, 3000)
    assert whole.images == embedded.images == 3000
    assert whole.seconds > embedded.seconds
    assert whole.usd > embedded.usd > 0
    assert embedded.usd == pytest.approx(sum(dataset_cost(3000).training.values()))


def test_the_estimate_follows_the_functions() -> None:
    data = load_config(str(DEFAULTS), {}).data
    assert pytest.approx(data.validation + data.test) == MEASURED_SHARE
    assert (CURATION_BATCH, CHUNK) == (INGEST_BATCH, RUN_CHUNK)
    assert MOST_MEASURED == 2 * MOST_OF_A_PART


@pytest.mark.parametrize(("images", "megapixels"), [(0, 1.0), (-5, 1.0), (5, 0.0)])
def test_no_dataset_is_refused(images: int, megapixels: float) -> None:
    with pytest.raises(InvalidParameterError):
        dataset_cost(images, megapixels)
