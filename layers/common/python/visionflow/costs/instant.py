"""What it costs to take in the images of a dataset, and to train a head on them in a Lambda.

The items and prices are those of `visionflow.costs.estimate`. Images come as a folder does: each
through a form of its own, and then ten in a message batch of the curation function.
"""

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from visionflow import strict
from visionflow.costs.amounts import (
    DYNAMODB_WAIT_MS,
    GIB,
    MB_PER_VCPU,
    QUEUE_REQUESTS,
    S3_WAIT_MS,
    WRITE_UNIT,
    Amounts,
    Architecture,
)
from visionflow.costs.estimate import bill
from visionflow.costs.measured import Measured, measured
from visionflow.costs.prices import DEFAULT_REGION, PriceTable, price_table
from visionflow.errors import InvalidParameterError

MEASURED_FILE = Path(__file__).with_name("training.json")

FIT_MEMORY_MB = 3_008
"""Of the function that fits: the most that a new account may give one."""
CURATION_BATCH = 10
"""Images of one invocation of the curation function, while many arrive."""
CHUNK = 100
"""Images that one call of the embed function does."""
TYPICAL_MEGAPIXELS = 0.3

READ_UNIT = 4096
# Images of one request for forms, what that takes of the API's function, and who counts it.
_FORMS = 100
_FORMS_GB_SECONDS = 0.5 * 0.3
_COUNTED_ROWS = 2
# Calls of the table for one image, one after the other: its dataset, its facts, content, facts.
_CURATE_CALLS = 4
_EMBED_CALLS = 3
# What an express execution of a map is billed for.
_MAP_MB = 64
_MAP_REQUEST = "http_api_requests"  # both cost a dollar per million in us-east-1
# Begin, Freeze, Decide, Fit, Decide, Publish, Over and the start; the map is one more.
_TRANSITIONS = 8
_STEPS = 3
# Rows of the run, of its version and its model; files of the artifact, in two places.
_RUN_WRITES = 20
_RUN_FILES = 20
_ARTIFACT_BYTES = 2 * 4_000_000
# Of validation and test, which the served file is measured on: their share, and the most images.
MEASURED_SHARE = 0.3
MOST_MEASURED = 4_000
# Embed functions that any stage lets work at the same time.
_AT_ONCE = 2
# A run is shown and started by the API.
_RUN_CALLS = 20


@dataclass(frozen=True)
class MeasuredTraining:
    """What training was measured to take.

    ``embed_ms``: both views of an image, on one core. ``content_bytes`` and ``facts_bytes``: the
    rows of an image. A training takes ``fixed_s``, ``fit_ms`` for each image and ``prove_ms`` for
    each that it is measured on, processor time.
    """

    measured_at: str
    hardware: str
    trunk: str
    embed_ms: float
    content_bytes: int
    facts_bytes: int
    fixed_s: float
    fit_ms: float
    prove_ms: float


@dataclass(frozen=True)
class InstantForecast:
    """What a training of so many labelled images will take, in seconds and US dollars."""

    images: int
    seconds: float
    usd: float


@dataclass(frozen=True)
class DatasetCost:
    """Of a dataset of ``images``, in US dollars by item: ``curation`` from its upload until its
    images are ready, ``training`` until a version is published, and ``kept_per_month`` for as long
    as it is there. ``seconds`` of the training."""

    currency: str
    images: int
    seconds: float
    curation: Amounts
    training: Amounts
    kept_per_month: Amounts
    total: float
    assumptions: dict[str, str]


@cache
def measured_training() -> MeasuredTraining:
    """The committed measurements. Raises `ConfigError` when they are not what the class says."""
    return strict.parse_json(MeasuredTraining, MEASURED_FILE.read_bytes(), MEASURED_FILE.name)


def forecast(
    images: int, embedded: int, region: str = DEFAULT_REGION, architecture: str = "x86_64"
) -> InstantForecast:
    """Of a training of ``images``, of which ``embedded`` have an embedding already.

    Raises `InvalidParameterError` for a region without prices.
    """
    found, taken = measured(), measured_training()
    missing = max(0, images - embedded)
    amounts = training_amounts(images, missing, TYPICAL_MEGAPIXELS, found, taken)
    cost = bill(amounts, price_table().of(region), architecture, {})
    embedding = embed_seconds(missing, TYPICAL_MEGAPIXELS, found, taken) / _AT_ONCE
    return InstantForecast(images, fit_seconds(images, taken) + embedding, sum(cost.values()))


def dataset_cost(
    images: int,
    megapixels: float = TYPICAL_MEGAPIXELS,
    region: str = DEFAULT_REGION,
    architecture: Architecture = "x86_64",
    measurements: tuple[Measured, MeasuredTraining] | None = None,
    table: PriceTable | None = None,
) -> DatasetCost:
    """From upload to a published version, each image curated once and embedded by that.

    Raises `InvalidParameterError` for no images and a region without prices.
    """
    if images < 1:
        raise InvalidParameterError("the number of images must be above 0.")
    if not 0 < megapixels <= 1000:
        raise InvalidParameterError("megapixels must be above 0 and at most 1,000.")
    found, taken = measurements or (measured(), measured_training())
    prices = table or price_table()

    def dollars(amounts: Amounts) -> Amounts:
        return bill(amounts, prices.of(region), architecture, {})

    curation = dollars(curation_amounts(images, megapixels, found, taken))
    training = dollars(training_amounts(images, 0, megapixels, found, taken))
    return DatasetCost(
        currency=prices.currency,
        images=images,
        seconds=fit_seconds(images, taken),
        curation=curation,
        training=training,
        kept_per_month=dollars(kept_amounts(images, megapixels, found, taken)),
        total=sum(curation.values()) + sum(training.values()),
        assumptions={
            "prices": f"{region}, on demand, looked up {prices.looked_up}; no free tier",
            "measured": f"{taken.measured_at} on {taken.hardware}, trunk {taken.trunk}; training is"
            " processor time, taken as of one core",
            "image": f"JPEG of {megapixels:g} MP, {found.at(megapixels).bytes:,.0f} bytes",
            "curation": f"{CURATION_BATCH} images an invocation, as when many come at once",
            "waits": f"{S3_WAIT_MS:g} ms for a call of S3 and {DYNAMODB_WAIT_MS:g} ms for one of"
            " DynamoDB: assumed, not measured",
            "left_out": "cold starts, and comparing the images with each other again and again "
            "while more come",
        },
    )


def curation_amounts(
    images: int, megapixels: float, found: Measured, taken: MeasuredTraining
) -> Amounts:
    """What ``images`` take from the request for their forms until they are ready."""
    seconds = images * _image_seconds(megapixels, _CURATE_CALLS, found, taken)
    batches, requests = math.ceil(images / CURATION_BATCH), math.ceil(images / _FORMS)
    content, facts = _units(taken.content_bytes, WRITE_UNIT), _units(taken.facts_bytes, WRITE_UNIT)
    return {
        "http_api_requests": float(requests),
        "lambda_requests": float(requests + 2 * batches),
        "lambda_gb_seconds": seconds * MB_PER_VCPU / 1024 + requests * _FORMS_GB_SECONDS,
        "s3_puts": float(images),
        "s3_gets": float(images),
        # S3 sends each image; a batch is received and deleted at once, and asks for a comparison.
        "sqs_requests": images + (QUEUE_REQUESTS - 1.0 + QUEUE_REQUESTS) * batches,
        # Announced, its content, its facts; each batch writes that a comparison is due.
        "dynamodb_write_units": float(
            images * (content + 2 * facts) + batches + requests * _COUNTED_ROWS
        ),
        # Its dataset and its facts; and once everything to compare it.
        "dynamodb_read_units": images * 2.0 + _contents_units(images, taken),
        "logs_gb": batches * found.log_bytes / GIB,
    }


def training_amounts(
    images: int, missing: int, megapixels: float, found: Measured, taken: MeasuredTraining
) -> Amounts:
    """What a training of ``images`` takes, of which ``missing`` have no embedding yet."""
    chunks = math.ceil(missing / CHUNK)
    embedding = embed_seconds(missing, megapixels, found, taken)
    # A transaction, which costs twice: the content, on condition that the facts are there.
    units = 2 * (_units(taken.content_bytes, WRITE_UNIT) + _units(taken.facts_bytes, WRITE_UNIT))
    return {
        "state_transitions": float(_TRANSITIONS + (1 if missing else 0)),
        _MAP_REQUEST: float(_RUN_CALLS + chunks),
        "lambda_requests": float(_STEPS + _RUN_CALLS + chunks),
        "lambda_gb_seconds": (
            fit_seconds(images, taken) * FIT_MEMORY_MB / 1024
            + embedding * (MB_PER_VCPU + _MAP_MB) / 1024
        ),
        "s3_puts": float(_RUN_FILES),
        "s3_gets": _RUN_FILES + _proven(images) + missing,
        "dynamodb_write_units": float(_RUN_WRITES + missing * units),
        # The step that freezes looks for each embedding, the one that fits reads it; chunks too.
        "dynamodb_read_units": 2 * _contents_units(images, taken) + missing * 2.0,
        "logs_gb": (_STEPS + chunks) * found.log_bytes / GIB,
    }


def kept_amounts(
    images: int, megapixels: float, found: Measured, taken: MeasuredTraining
) -> Amounts:
    """What a dataset and one version of a model take while they are kept, each month."""
    return {
        "s3_gb_months": (images * found.at(megapixels).bytes + _ARTIFACT_BYTES) / GIB,
        "dynamodb_gb_months": images * (taken.content_bytes + taken.facts_bytes) / GIB,
    }


def fit_seconds(images: int, taken: MeasuredTraining) -> float:
    """Of the steps that freeze, fit, prove and publish."""
    return taken.fixed_s + (images * taken.fit_ms + _proven(images) * taken.prove_ms) / 1000


def embed_seconds(
    missing: int, megapixels: float, found: Measured, taken: MeasuredTraining
) -> float:
    """Of the embed function for all images that have no embedding, one after the other."""
    return missing * _image_seconds(megapixels, _EMBED_CALLS, found, taken)


def _proven(images: int) -> float:
    return min(MEASURED_SHARE * images, MOST_MEASURED)


def _image_seconds(
    megapixels: float, table_calls: int, found: Measured, taken: MeasuredTraining
) -> float:
    """Read, decoded, embedded and written: as a dropped image, with the trunk for its model."""
    own = found.at(megapixels).s3_ms - found.infer_ms + taken.embed_ms
    return (own + S3_WAIT_MS + table_calls * DYNAMODB_WAIT_MS) / 1000


def _contents_units(images: int, taken: MeasuredTraining) -> float:
    """Reading all rows once: contents in any order, which halves the price, and facts by query."""
    content = _units(taken.content_bytes, READ_UNIT) / 2
    return images * content + math.ceil(images * taken.facts_bytes / READ_UNIT)


def _units(size: int, unit: int) -> int:
    return math.ceil(size / unit)
