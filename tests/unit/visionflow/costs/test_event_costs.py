"""What a million events may cost at most, with all that takes part."""

import pytest

from visionflow.costs.events import event_costs
from visionflow.costs.prices import price_table


@pytest.mark.parametrize("region", list(price_table().region))
@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
def test_a_million_events_on_the_bus_cost_at_most_1_2_usd(region: str, architecture: str) -> None:
    found = event_costs(region, architecture)  # type: ignore[arg-type]
    assert set(found.bus) == {"event_bus_events", "lambda_requests", "lambda_gb_seconds"}
    assert 1.0 < found.bus_total <= 1.2


def test_a_webhook_adds_the_queue_its_function_and_what_is_sent() -> None:
    found = event_costs()
    items = {"sqs_requests", "lambda_requests", "lambda_gb_seconds", "transfer_out_gb"}
    assert set(found.webhook) == items
    # A message of EventBridge, and a tenth of a reception and of a deletion.
    assert found.webhook["sqs_requests"] == pytest.approx(1.2 * 0.40)
    assert found.webhook_total == pytest.approx(sum(found.webhook.values()))
