"""What a million events cost, on the bus alone and to a webhook.

Streams are read by Lambda for nothing, and a rule, its filter and its delivery are free. Nothing is
sent while the bus has no rule. Times of a function are at the memory of `FUNCTION_MB`.
"""

from dataclasses import dataclass

from visionflow.costs.amounts import GIB, MB_PER_VCPU, Amounts, Architecture
from visionflow.costs.estimate import bill
from visionflow.costs.prices import DEFAULT_REGION, PriceTable, price_table

FUNCTION_MB = 512
# Images that come steadily at some fifty a second; a batch waits for a second.
EVENTS_PER_BATCH = 50
EVENTS_PER_CALL = 10
# Processor time on a whole vCPU. Of an event in the events function: 0.13 ms measured without the
# SDK (n=2,000), and a tenth of a call of the SDK, taken as 2 ms. Of a delivery: 1.7 ms measured
# over plain HTTP with its receiver (n=1,000), and a TLS handshake, taken as the rest.
SEND_MS = 0.35
DELIVER_MS = 3.0
# Neither is measured: nothing of this project has run on AWS.
CALL_WAIT_MS = 20.0
RECEIVER_WAIT_MS = 200.0
# SQS bills a message that EventBridge sends; Lambda takes and deletes them in tens.
WEBHOOKS_PER_BATCH = 10
QUEUE_REQUESTS = 1 + 2 / WEBHOOKS_PER_BATCH
SENT_BYTES = 2_000


@dataclass(frozen=True)
class EventCosts:
    """US dollars of a million events: ``bus`` by item, ``webhook`` what each webhook that gets all
    of them adds, and both sums."""

    bus: Amounts
    webhook: Amounts
    bus_total: float
    webhook_total: float
    assumptions: dict[str, str]


def event_costs(
    region: str = DEFAULT_REGION,
    architecture: Architecture = "x86_64",
    table: PriceTable | None = None,
) -> EventCosts:
    """Before AWS's free tier. Raises `InvalidParameterError` for a region without prices."""
    prices = (table or price_table()).of(region)
    bus, webhook = (
        {item: 1e6 * usd for item, usd in bill(amounts, prices, architecture, free={}).items()}
        for amounts in (_bus(), _webhook())
    )
    return EventCosts(
        bus=bus,
        webhook=webhook,
        bus_total=sum(bus.values()),
        webhook_total=sum(webhook.values()),
        assumptions={
            "events": f"{EVENTS_PER_BATCH} in a batch of the stream, at most 64 KB each, functions "
            f"with {FUNCTION_MB} MB; nothing is sent while the bus has no rule",
            "event_waits": f"{CALL_WAIT_MS:g} ms for a call of EventBridge, "
            f"{RECEIVER_WAIT_MS:g} ms for a receiver: assumed, not measured",
            "webhooks": f"{WEBHOOKS_PER_BATCH} at once and each delivered at the first attempt; an "
            "event that fails costs two requests of SQS more for each further one",
        },
    )


def _bus() -> Amounts:
    waited = CALL_WAIT_MS / EVENTS_PER_CALL
    return {
        "event_bus_events": 1.0,
        "lambda_requests": 1 / EVENTS_PER_BATCH,
        "lambda_gb_seconds": _gb_seconds(SEND_MS, waited),
    }


def _webhook() -> Amounts:
    return {
        "sqs_requests": QUEUE_REQUESTS,
        "lambda_requests": 1 / WEBHOOKS_PER_BATCH,
        "lambda_gb_seconds": _gb_seconds(DELIVER_MS, RECEIVER_WAIT_MS / WEBHOOKS_PER_BATCH),
        "transfer_out_gb": SENT_BYTES / GIB,
    }


def _gb_seconds(own_ms: float, waited_ms: float) -> float:
    own = own_ms / min(1.0, FUNCTION_MB / MB_PER_VCPU)
    return (own + waited_ms) / 1000 * FUNCTION_MB / 1024
