"""What the API answers, made by `make types` from the API's description.

A newer server may answer with more fields, which are left out, and with other words where a field
lists some.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Accuracy:
    """Of fed-back images, with a 95 % Wilson interval."""

    n: int
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class Advice:
    """What to do next: a code that pages translate, and what it is about."""

    code: Literal["one_class", "few_images", "few_groups", "imbalance", "unlabelled", "suspected"]
    params: dict[str, str | int]


@dataclass(frozen=True)
class Agreement:
    """The share of images that both versions answer alike, with a 95 % Wilson interval; null where
    there are none. Alike: with the same label, or both with unknown.
    """

    share: float | None
    low: float
    high: float


@dataclass(frozen=True)
class ApiKey:
    """With the time of its last use, to a minute; null before the first."""

    prefix: str
    name: str
    scopes: tuple[Literal["predict", "read", "feedback", "label", "models", "jobs", "admin"], ...]
    requests_per_minute: int | None
    requests_per_month: int | None
    created_at: str
    created_by: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None


@dataclass(frozen=True)
class AuditEntry:
    """A change. ``by`` is the verified name of who made it and ``caller`` the stable id.

    ``status`` is an HTTP status, also of a change without a request: 2xx for one that was made, 4xx
    for one that was refused, 5xx for a fault. Null: the outcome is not known.
    """

    at: str
    by: str
    caller: str
    action: str
    subject: str
    status: int | None
    details: dict[str, Any]


@dataclass(frozen=True)
class AuditPage:
    """Changes, the latest first. A null ``next_cursor``: there is nothing older in this time."""

    items: tuple[AuditEntry, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class BackfillComparison:
    """The answers of two versions to the same images.

    Attributes:
        new: as ``name/version``, as is ``old``.
        images: those that both have answered; everything but ``failed`` is of them.
        failed: images that nobody could answer, or one version alone could not.
        unknown: images that are unknown to both, or to one alone.
        confusion: where the answers differ, the largest cell first; ``confusion_left`` images are
            in cells that are left off.
        labels: the most changed first; ``labels_left`` are left off.
        slices: by their kind, the lowest agreement first; ``folders_left`` folders are left off.
        clusters: the largest first.
        examples: the largest disagreement first; clusters take turns.
    """

    new: str
    old: str
    images: int
    failed: Versions
    agreement: Agreement
    unknown: Versions
    confidence: ConfidenceShift
    confusion: tuple[ConfusedCell, ...]
    confusion_left: int
    labels: tuple[ComparedLabel, ...]
    labels_left: int
    slices: tuple[ComparedSlice, ...]
    folders_left: int
    clusters: tuple[DisagreementCluster, ...]
    examples: tuple[ComparedImage, ...]


@dataclass(frozen=True)
class BackfillEstimate:
    """What a backfill takes, as said beforehand.

    ``images``: as many, or at least as many where they are not all counted yet (``exact`` is
    false). ``seconds`` from the start to the end, at the backfill's concurrency. ``items``: dollars
    by item. ``basis``: ``earlier`` where an earlier backfill of the stage was measured, else
    ``release``, by the measurements of this release.
    """

    images: int
    exact: bool
    bytes: int
    usd: float
    seconds: float
    items: dict[str, float]
    basis: Literal["earlier", "release"]


@dataclass(frozen=True)
class BackfillEvent:
    """A change of state: when, by whom, and why where it was not asked for."""

    at: str
    by: str
    state: Literal["listing", "running", "paused", "stopped", "cancelled", "failed", "done"]
    code: str | None


@dataclass(frozen=True)
class BackfillList:
    """Backfills, newest first. A null ``next_cursor`` means that there is nothing older."""

    items: tuple[BackfillView, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class BackfillProgress:
    """``listed`` images are ``ok``, ``unknown``, ``failed`` (they can never be classified),
    ``skipped`` (they had their record already) or still ``left``. ``not_images``: objects that were
    passed over by their names. ``listed_all``: whether the listing has come to its end.
    ``images_per_second`` and the rest are null until the first chunk is done.
    """

    listed: int
    listed_all: bool
    not_images: int
    ok: int
    unknown: int
    failed: int
    skipped: int
    left: int
    chunks: int
    chunks_done: int
    failed_codes: dict[str, int]
    active_seconds: float
    spent_usd: float
    images_per_second: float | None
    expected_end: str | None
    expected_seconds: float | None
    expected_usd: float | None


@dataclass(frozen=True)
class BackfillReason:
    """Why a backfill is not at work: the code of an error, and a sentence."""

    code: str
    message: str


@dataclass(frozen=True)
class BackfillResults:
    """Where the Parquet files are: ``location`` in S3, the Glue ``table`` by which Athena finds
    them, and a ``query`` to begin with.
    """

    location: str
    database: str
    table: str
    query: str


@dataclass(frozen=True)
class BackfillStart:
    """What a backfill takes, and the ``backfill`` that was started; null for a dry run."""

    estimate: BackfillEstimate
    models: tuple[str, ...]
    backfill: BackfillView | None


@dataclass(frozen=True)
class BackfillView:
    """A backfill with its progress. ``progress.spent_usd`` and ``active_seconds`` of one that has
    ended are what it took, against ``estimate``. ``compares``: it has, once it is done, a
    comparison of its two versions.
    """

    id: str
    state: Literal["listing", "running", "paused", "stopped", "cancelled", "failed", "done"]
    reason: BackfillReason | None
    source: str
    models: tuple[str, ...]
    compares: bool
    into: Literal["files", "records"]
    sample: int | None
    concurrency: int
    max_usd: float | None
    role: str | None
    created_at: str
    started_by: str
    ended_at: str | None
    estimate: BackfillEstimate
    progress: BackfillProgress
    results: BackfillResults | None
    history: tuple[BackfillEvent, ...]


@dataclass(frozen=True)
class Box:
    """A rectangle in fractions of an image's width and height, origin at the top left."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class BudgetState:
    """Whether the stage is stopped until the month ends."""

    stopped: Stop | None


@dataclass(frozen=True)
class Canary:
    """The version that answers ``percent`` (1..99) of the images in production's place."""

    name: str
    version: str
    percent: int


@dataclass(frozen=True)
class ClassChange:
    """The classes that ``percent`` of the images can be answered with by ``model`` and not by
    ``instead_of``, and the reverse; ``kept``: how many both know. ``renamed``: classes that are
    only written in another way, neither lost nor gained. ``reordered``: whether those that both
    know come in another order, which matters to who goes by their numbers.
    """

    model: ModelRef
    instead_of: ModelRef
    percent: int
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    kept: int
    renamed: tuple[Renamed, ...]
    reordered: bool


@dataclass(frozen=True)
class ClassHealth:
    """``images`` that are ready and labelled so, in ``groups`` of look-alikes. ``suspected`` of
    them look like another class, ``outliers`` like none.
    """

    name: str
    images: int
    groups: int
    suspected: int
    outliers: int


@dataclass(frozen=True)
class Compared:
    """The run's model and an earlier one of the same dataset, both on the same test images: those
    that neither was trained or chosen on, of classes that both have.

    Attributes:
        model, version: the earlier one: what serves, if the dataset made it, else the last that the
            dataset made.
        before, after: top-1 of the earlier one and of the run's, of ``images`` in ``groups``.
        difference_low, difference_high: 95 % interval of ``after - before``, paired, by groups.
    """

    model: str
    version: str
    images: int
    groups: int
    before: float
    after: float
    difference_low: float
    difference_high: float


@dataclass(frozen=True)
class ComparedAnswer:
    """``label`` is null for an unknown image; ``top`` has the best labels all the same."""

    label: str | None
    confidence: float
    unknown_reason: Literal["unsure", "unfamiliar"] | None
    top: tuple[Score, ...]


@dataclass(frozen=True)
class ComparedImage:
    """An image that the versions answer differently. ``disagreement``: 0..1, the total variation
    distance of their answers. ``thumbnail``: a URL that lives for 15 minutes; null where the image
    is gone, was erased, or cannot be drawn. ``prediction_id``: of its record, where it has one.
    """

    key: str
    bucket: str
    version_id: str | None
    cluster: int
    disagreement: float
    width: int
    height: int
    thumbnail: str | None
    prediction_id: str | None
    old: ComparedAnswer
    new: ComparedAnswer


@dataclass(frozen=True)
class ComparedLabel:
    """Images that the ``new`` version, the ``old`` one, and ``both`` name so. ``shift``: the mean
    of new less old confidence where both do; null where they never do.
    """

    label: str
    new: int
    old: int
    both: int
    shift: float | None


@dataclass(frozen=True)
class ComparedModel:
    """One version beside the others.

    ``n`` images it answered, ``unknown`` of them because it was ``unsure`` or because they were
    ``unfamiliar``, and ``compared`` that it and the first version in the comparison
    both saw, one of them as the shadow; ``agreement`` is the share of those where neither
    contradicts the other, by the best label or a parent; ``confidence_shift`` the mean confidence
    above the first one's. ``p50_ms`` and ``p95_ms`` are of inference. ``feedback`` counts its
    answers, also as the shadow, to images with feedback that were not in the queue of the least
    certain ones. That an image shows none of the labels of the version that answered counts for a
    shadow only where it has no other labels.
    """

    name: str
    version: str
    n: int
    unknown: int
    unsure: int
    unfamiliar: int
    errors: int
    compared: int
    agreement: float | None
    mean_confidence: float | None
    confidence_shift: float | None
    p50_ms: float | None
    p95_ms: float | None
    feedback: Accuracy | None


@dataclass(frozen=True)
class ComparedSlice:
    """A group of images. ``value``: of a folder its path below the source, else a range such as
    ``0.5-2``. ``shift``: the mean of new less old confidence.
    """

    by: Literal["folder", "size", "confidence"]
    value: str
    images: int
    agreement: Agreement
    shift: float


@dataclass(frozen=True)
class ConfidenceShift:
    """Mean confidences of the versions, null without images, and a histogram of new less old:
    ``counts`` of the bins between ``edges``.
    """

    new_mean: float | None
    old_mean: float | None
    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class ConfigOption:
    """A config that a job can name; ``parameters`` by their dotted names."""

    name: str
    recipe: str
    model: str
    summary: Text
    parameters: dict[str, Parameter]


@dataclass(frozen=True)
class ConfusedCell:
    """So many images have these two answers, which differ; null is unknown."""

    old: str | None
    new: str | None
    images: int


@dataclass(frozen=True)
class Confusion:
    """``count`` test images of ``label`` were answered with ``answered``."""

    label: str
    answered: str
    count: int


@dataclass(frozen=True)
class Costs:
    """What predictions cost, estimated from counters, measured times and a dated table of prices.

    ``today`` is for the ``predictions_today`` alone, before AWS's free tier, of the viewer's day;
    ``per_1000`` of what serves, by what it took this month and in the last week, as in the costs of
    the month. ``fixed_per_day`` is
    owed with or without them, after what AWS gives each account. Custom metrics are in neither:
    ``metrics_per_day`` is owed for them where each hour has predictions. ``assumptions`` says what
    the figures rest on. ``stopped``: since when and why nothing is classified, if it is so.
    """

    currency: str
    today: float
    predictions_today: int
    per_1000: float
    fixed_per_day: float
    metrics_per_day: float
    period: PeriodCost
    assumptions: dict[str, str]
    stopped: Stop | None


@dataclass(frozen=True)
class CurvePoint:
    """``top1`` with its 95 % interval by groups, where ``images`` training images are labelled."""

    images: int
    top1: float
    top1_low: float
    top1_high: float


@dataclass(frozen=True)
class DailyStats:
    """Each day and version that has images or feedback, the first day first."""

    first_day: str
    last_day: str
    days: tuple[VersionDay, ...]


@dataclass(frozen=True)
class DataSet:
    """Everything below one folder of the bucket; ``classes`` with their numbers of images.

    ``complete`` is false where the bucket holds more than was counted.
    """

    prefix: str
    classes: dict[str, int]
    images: int
    complete: bool


@dataclass(frozen=True)
class Dataset:
    """``revision`` rises with each change of classes. ``flow``: the rule by which records flow in,
    None without one.
    """

    name: str
    created_at: str
    created_by: str
    classes: tuple[DatasetClass, ...]
    revision: int
    flow: Flow | None


@dataclass(frozen=True)
class DatasetClass:
    """A class of a dataset. ``name`` is the label that models answer with; ``ko`` and ``en`` are
    how people read it, None for the name itself.
    """

    name: str
    ko: str | None
    en: str | None


@dataclass(frozen=True)
class DatasetDeleted:
    """The dataset is gone with its images; false where there is more of it than one call can
    delete: call again.
    """

    deleted: bool


@dataclass(frozen=True)
class DatasetDetails:
    """A dataset, its latest version and its latest training. ``health`` is null until its images
    were compared for the first time, and so is ``forecast``: of training all that are ready.
    ``flow_today``: images that the rule has let in since midnight (UTC). ``proposal`` is null
    before the first training, and where nothing is to be done.
    """

    dataset: Dataset
    health: DatasetHealth | None
    latest: DatasetVersion | None
    run: InstantRun | None
    forecast: InstantForecast | None
    flow_today: int
    proposal: Proposal | None


@dataclass(frozen=True)
class DatasetHealth:
    """What the last comparison of all images found; `Health` is the service's in this API."""

    images: int
    labelled: int
    unlabelled: int
    pending: int
    unreadable: int
    removed: int
    classes: tuple[ClassHealth, ...]
    duplicates: int
    groups: int
    imbalance: float
    advice: tuple[Advice, ...]
    new_labels: int
    trained_version: int | None
    compared: int


@dataclass(frozen=True)
class DatasetImage:
    """An image of a dataset, known by the SHA-256 of its bytes.

    Attributes:
        sha256: 64 hexadecimal digits; also the last part of its key in the bucket.
        label: the name of a class; None where nobody has said what it shows.
        labelled_by: who gave the label, as `Caller.name`.
        group: images of one group show the same thing and stay in one part: the ``sha256`` of the
            group's first image. None until it was compared.
        source: where it came from: ``upload``, ``drop``, ``push`` or ``prediction:ID``.
        file_name: what it was called there, if anything.
        width, height: upright, in pixels.
        suspected: the class that a model of the other images would rather give it.
        outlier: whether it is unlike all others of its class.
        error: a code and a sentence, where it is unreadable.
        removed: out of the dataset; its content stays, for versions that hold it.
    """

    sha256: str
    state: Literal["pending", "ready", "unreadable"]
    added_at: str
    added_by: str
    source: str
    bytes: int
    file_name: str | None
    label: str | None
    labelled_by: str | None
    part: Literal["train", "validation", "test"] | None
    group: str | None
    width: int | None
    height: int | None
    suspected: str | None
    outlier: bool
    error: tuple[str, str] | None
    removed: bool


@dataclass(frozen=True)
class DatasetList:
    """All datasets, by name."""

    items: tuple[Dataset, ...]


@dataclass(frozen=True)
class DatasetUpload:
    """How to send an image: ``PUT url`` with these ``headers``, the image as body. The bucket takes
    it once, within 15 minutes; a second one is refused with 412.
    """

    sha256: str
    url: str
    headers: dict[str, str]


@dataclass(frozen=True)
class DatasetVersion:
    """What a dataset held at one time; never changed.

    Attributes:
        number: 1, 2, ...
        sha256: of its manifest, a file of JSON lines with one `VersionImage` each, by ``sha256``.
        images, classes: how many labelled images of how many classes it holds.
    """

    dataset: str
    number: int
    created_at: str
    created_by: str
    sha256: str
    images: int
    classes: tuple[str, ...]
    note: str | None


@dataclass(frozen=True)
class DayCost:
    """Images of one day of the viewer. ``utc_day``: some of them were counted before hours were,
    and are those of the day in UTC.
    """

    day: str
    images: int
    usd: float
    utc_day: bool


@dataclass(frozen=True)
class DayStats:
    """Images of one day (UTC) by status, and those that are ``unknown`` by reason."""

    day: str
    ok: int
    unknown: int
    unsure: int
    unfamiliar: int
    failed: int


@dataclass(frozen=True)
class DeviceAgreement:
    """Of ``compared`` images, that a device and the cloud answered by the same version,
    ``agreed`` have the same best label on both; ``low`` and ``high`` are a 95 % Wilson interval of
    that share. ``confidence_gap``: how far the confidences in that label are apart on average; null
    where none agreed.
    """

    compared: int
    agreed: int
    low: float
    high: float
    confidence_gap: float | None


@dataclass(frozen=True)
class DeviceAnswer:
    """What a device answered to an image that it sent, with the version that it ran.

    ``best`` is its best label with ``best_confidence``; ``label`` may be a parent.
    """

    status: Literal["ok", "unknown"]
    label: str
    confidence: float
    unknown_reason: Literal["unsure", "unfamiliar"] | None
    best: str
    best_confidence: float
    model: ModelRef


@dataclass(frozen=True)
class DeviceRecord:
    """A `DeviceResult` whose image stays on the device. ``width`` and ``height`` of the upright
    image in pixels; ``milliseconds`` that the device took for its answer.
    """

    device_id: str
    origin: Literal["browser", "edge"]
    made_at: str
    model: str
    status: Literal["ok", "unknown"]
    label: str
    confidence: float
    top_k: tuple[Score, ...]
    unknown_reason: Literal["unsure", "unfamiliar"] | None
    familiarity: float | None
    filename: str | None
    width: int
    height: int
    milliseconds: float


@dataclass(frozen=True)
class DeviceResult:
    """The answer of a device to one image. ``device_id``, which the device drew, makes of the
    result one record of its caller, however often it is sent. ``made_at`` is the device's time,
    ISO 8601 with a zone; ``model`` is ``name/version``. ``top_k``: 1 to 20 labels, the best first.
    The others are as in a `Prediction`.
    """

    device_id: str
    origin: Literal["browser", "edge"]
    made_at: str
    model: str
    status: Literal["ok", "unknown"]
    label: str
    confidence: float
    top_k: tuple[Score, ...]
    unknown_reason: Literal["unsure", "unfamiliar"] | None
    familiarity: float | None


@dataclass(frozen=True)
class DiffCounts:
    """How many images differ, also where a list names fewer."""

    added: int
    removed: int
    relabelled: int


@dataclass(frozen=True)
class DisagreementCluster:
    """Images that look alike to the new version and that the versions answer differently, most of
    them as ``old`` and ``new`` say. ``images``: so many of those that were clustered; ``example``:
    the place of the one with the largest disagreement among the examples.
    """

    id: int
    images: int
    old: str | None
    new: str | None
    example: int


@dataclass(frozen=True)
class Drift:
    """``labels`` is the population stability index of the answers, ``embedding`` the distance of
    the embeddings in standard deviations of the reference. ``n``: the images that both are measured
    on; with fewer than ``needed`` the verdict is ``too_few``, whatever was measured. ``drifted``:
    one of the two is over its limit.
    """

    labels: float
    embedding: float | None
    n: int
    needed: int
    verdict: Literal["too_few", "steady", "drifted"]


@dataclass(frozen=True)
class Effect:
    """One thing that a move changes.

    production: ``model`` answers ``instead_of`` (null: nothing did).
    canary: ``model`` answers ``percent`` of the images ``instead_of`` production.
    canary_ends, shadow, shadow_ends: ``model`` is no longer the canary, and so on.
    rollback_to: a rollback would return to ``model`` (null: to nothing).
    watched, unwatched: the rollback rule, which is on, watches ``model`` from now on, or no longer.
    retired: ``model`` can never serve again.
    gate_failed: ``model`` was published although its gate failed; this changes nothing.
    """

    kind: Literal[
        "production",
        "canary",
        "canary_ends",
        "shadow",
        "shadow_ends",
        "rollback_to",
        "watched",
        "unwatched",
        "retired",
        "gate_failed",
    ]
    model: ModelRef | None
    instead_of: ModelRef | None
    percent: int | None


@dataclass(frozen=True)
class Erased:
    """A record that is gone with all that belonged to it, and when its erasure began."""

    id: str
    erased_at: str


@dataclass(frozen=True)
class ErasedOwner:
    """How many records this call has erased. ``left``: there are more; send the request again."""

    erased: int
    left: bool


@dataclass(frozen=True)
class Explanation:
    """A map, and the same as a small PNG (data URL, RGBA) to be stretched over ``box``."""

    label: str
    width: int
    height: int
    values: tuple[tuple[float, ...], ...]
    box: Box
    overlay: str


@dataclass(frozen=True)
class Failure:
    """Why an image can never be classified: the error's code and a sentence."""

    code: str
    message: str


@dataclass(frozen=True)
class Feedback:
    """What a person says the image shows; of the heaviest, the latest counts.

    A null ``label``: none of the labels that the model has. ``from_queue``: the image was shown to
    be labelled because its answer was uncertain, so its feedback says little about other images.
    ``parents`` are above ``label`` in the version that answered, from the top down; ``is_parent``:
    it is itself a parent of labels there, so it is not a class. ``weight`` is that of who gave it:
    see `visionflow.access.roles.weight_of`.
    """

    label: str | None
    at: str
    by: str
    parents: tuple[str, ...]
    is_parent: bool
    weight: int
    from_queue: bool


@dataclass(frozen=True)
class FeedbackHistory:
    """All feedback on a prediction, the oldest first.

    Of the heaviest, the latest counts: an admin's weight is 3, a labeller's 2, a viewer's 1.
    """

    items: tuple[Feedback, ...]


@dataclass(frozen=True)
class FeedbackStats:
    by_model: dict[str, ModelFeedback]


@dataclass(frozen=True)
class FixedCost:
    """Due with or without images, after what AWS gives each account; ``metrics`` for each hour that
    has some.
    """

    item: str
    so_far: float
    per_month: float


@dataclass(frozen=True)
class Flow:
    """The rule of a dataset.

    Attributes:
        kinds: which records flow in.
        model: only those that a version of this model answered; None for any.
        per_day: at most so many new images in a day (UTC).
        train: start a training by itself when enough labels are new, once a day at most.
    """

    kinds: tuple[Literal["uncertain", "unfamiliar", "corrected"], ...]
    model: str | None
    per_day: int
    train: bool


@dataclass(frozen=True)
class Force:
    """Who published a version that its gate holds back, when (ISO 8601, UTC) and why.

    ``failed`` names the checks that failed or were never made.
    """

    by: str
    at: str
    reason: str
    failed: tuple[str, ...]


@dataclass(frozen=True)
class Forecast:
    """``usd`` at the month's end: what there is so far; images as on the mean of the last ``days``
    whole days; what is fixed and stored until then. Training is not foreseen. Null from fewer than
    ``least_days`` whole days.
    """

    usd: float | None
    days: int
    least_days: int
    images_per_day: float | None


@dataclass(frozen=True)
class GivenFeedback:
    """The prediction after ``given`` was added to its history. ``counts``: it is now the current
    feedback. Otherwise somebody whose feedback weighs more has spoken before.
    """

    id: str
    source: Literal["api", "s3"]
    status: Literal["ok", "unknown", "failed"]
    label: str | None
    confidence: float | None
    top_k: tuple[Score, ...]
    model: ModelRef | None
    image: ImageRef
    thumbnail_key: str | None
    timings: dict[str, float]
    created_at: str
    error: Failure | None
    expires_at: int
    thumbnail_url: str | None
    given: Feedback
    counts: bool
    parents: tuple[str, ...]
    unknown_reason: Literal["unsure", "unfamiliar"] | None
    familiarity: float | None
    feedback: Feedback | None
    refused: ModelRef | None
    owner: str | None
    filename: str | None
    origin: Literal["cloud", "browser", "edge"]
    made_at: str | None
    device: DeviceAnswer | None


@dataclass(frozen=True)
class Health:
    """Whether an image would be classified now, for everybody; the rest is in `ServiceStatus`."""

    status: Literal["ok", "unavailable"]


@dataclass(frozen=True)
class History:
    """Moves of the aliases, the latest first. A null ``next_cursor``: there is nothing older."""

    items: tuple[Move, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class HookFilter:
    """What a hook wants: events that have one of the values of each list, and every event where a
    list is empty. An event without the field is not wanted. ``models`` are ``name/version``;
    ``confidence_at_least`` and ``confidence_below`` are bounds of the confidence.
    """

    kinds: tuple[
        Literal[
            "prediction.recorded",
            "model.moved",
            "training.ended",
            "backfill.ended",
            "drift.changed",
            "alarm.changed",
        ],
        ...,
    ]
    labels: tuple[str, ...]
    statuses: tuple[
        Literal[
            "ok",
            "unknown",
            "failed",
            "succeeded",
            "cancelled",
            "stopped",
            "OK",
            "ALARM",
            "INSUFFICIENT_DATA",
        ],
        ...,
    ]
    sources: tuple[Literal["api", "s3"], ...]
    models: tuple[str, ...]
    confidence_at_least: float | None
    confidence_below: float | None


@dataclass(frozen=True)
class HookPage:
    """All hooks by name. ``waiting`` and ``dead``: events for webhooks that are still to be
    delivered, and those that were given up, about as many. ``event_bus``: where to add rules of
    your own.
    """

    items: tuple[HookState, ...]
    waiting: int
    dead: int
    event_bus: str


@dataclass(frozen=True)
class HookReplay:
    """``replayed`` events are on their way again. ``more``: there may be others, since a request
    takes a limited time; ask again.
    """

    replayed: int
    more: bool


@dataclass(frozen=True)
class HookSecret:
    """A new secret of a hook, which is not shown again. The one from before is good until
    ``both_until``.
    """

    secret: str
    both_until: str


@dataclass(frozen=True)
class HookState:
    """A hook, without its secret. ``kind`` is what its target is. ``secret_at``: when a webhook's
    secret was made. ``outcome``: how its deliveries went; null for targets that are not webhooks,
    of which nobody hears.
    """

    name: str
    kind: Literal["webhook", "email", "sqs"]
    target: str
    wants: HookFilter
    created_at: str
    created_by: str
    secret_at: str | None
    outcome: Outcome | None


@dataclass(frozen=True)
class HookTry:
    """An event ``hook.test`` with this id is on its way."""

    id: str


@dataclass(frozen=True)
class ImageDetails:
    """An image, with a short-lived URL of its bytes; null while they have not arrived."""

    image: DatasetImage
    url: str | None


@dataclass(frozen=True)
class ImageLinks:
    """Short-lived URLs of images' bytes by hash; an image that is not there is left out."""

    items: dict[str, str]


@dataclass(frozen=True)
class ImagePage:
    """Images by their hash. A page of a filter may have fewer items than ``limit``; a null
    ``next_cursor`` alone means that nothing follows.
    """

    items: tuple[DatasetImage, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class ImageRef:
    """The classified object in S3 and what was found in it.

    ``bucket`` and ``key`` are null, and all that is known of a file, where a device answered and
    sent no image. ``width`` and ``height`` (pixels, upright) are null when the image could not be
    decoded, ``bytes`` and ``sha256`` when it could not be read.
    """

    bucket: str | None
    key: str | None
    version_id: str | None
    width: int | None
    height: int | None
    bytes: int | None
    sha256: str | None


@dataclass(frozen=True)
class ImagesChanged:
    """How many images were changed; those that the dataset does not have are passed over."""

    changed: int


@dataclass(frozen=True)
class InstanceOption:
    """A machine that a job can name; prices in USD, about."""

    type: str
    gpu: str | None
    usd_per_hour_spot: float
    usd_per_hour: float


@dataclass(frozen=True)
class InstantForecast:
    """What a training of so many labelled images will take, in seconds and US dollars."""

    images: int
    seconds: float
    usd: float


@dataclass(frozen=True)
class InstantRun:
    """One training of a dataset.

    Attributes:
        id: sortable by time.
        version: the number of the dataset's version that it trains on; 0 before the step
            ``freeze`` has named it.
        model: the name of the model that it makes a version of.
        model_version: once it is published.
        promote: whether it was asked to serve at once.
        serves: whether it was promoted.
        error: a code and a sentence, where it failed.
    """

    id: str
    dataset: str
    version: int
    model: str
    state: Literal["waiting", "running", "done", "failed"]
    started_at: str
    started_by: str
    promote: bool
    steps: tuple[RunStep, ...]
    finished_at: str | None
    model_version: str | None
    result: RunResult | None
    serves: bool
    error: tuple[str, str] | None


@dataclass(frozen=True)
class JobEpoch:
    """One point of the curves."""

    epoch: int
    train_loss: float
    train_top1: float
    validation_loss: float
    validation_top1: float
    seconds: float


@dataclass(frozen=True)
class JobInstance:
    """The machine of a job."""

    id: str
    type: str
    zone: str
    spot: bool


@dataclass(frozen=True)
class JobProgress:
    """``epoch`` of ``epochs`` are done, through all phases of the recipe."""

    step: str
    epoch: int
    epochs: int


@dataclass(frozen=True)
class JobRequest:
    """The request, and where it runs. ``place``: ``local`` starts no machine; the command line
    starts the process itself, which the API cannot. Of a job on a dataset, ``dataset_version`` and
    ``data``, the folder of its images, are filled in when it starts.
    """

    config: str
    data: str
    model: str | None
    recipe: str | None
    set: dict[str, Any] | None
    instance: str | None
    on_demand: bool
    max_hours: float
    budget_usd: float
    grow_from: str | None
    dataset: str | None
    dataset_version: int | None
    place: Literal["ec2", "local"]


@dataclass(frozen=True)
class KeyPage:
    """All keys, the newest first."""

    items: tuple[ApiKey, ...]


@dataclass(frozen=True)
class Latency:
    """Milliseconds in the function of ``n`` answers, all steps together; percentiles are at most
    10 % off.
    """

    n: int
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True)
class ListPrices:
    """The prices that all figures rest on, in dollars for one of each item. ``instead_of``: the
    region of the stage, where there are no prices for it and those of ``region`` stand for them;
    else null.
    """

    region: str
    instead_of: str | None
    looked_up: str
    source: str
    items: dict[str, float]
    free: dict[str, float]


@dataclass(frozen=True)
class LogEntry:
    """A prediction in a list. ``thumbnail_url`` is short-lived, null where no thumbnail was made
    yet; `GET /thumbnails` makes one.
    """

    id: str
    source: Literal["api", "s3"]
    status: Literal["ok", "unknown", "failed"]
    label: str | None
    confidence: float | None
    top_k: tuple[Score, ...]
    model: ModelRef | None
    image: ImageRef
    thumbnail_key: str | None
    timings: dict[str, float]
    created_at: str
    error: Failure | None
    expires_at: int
    thumbnail_url: str | None
    parents: tuple[str, ...]
    unknown_reason: Literal["unsure", "unfamiliar"] | None
    familiarity: float | None
    feedback: Feedback | None
    refused: ModelRef | None
    owner: str | None
    filename: str | None
    origin: Literal["cloud", "browser", "edge"]
    made_at: str | None
    device: DeviceAnswer | None


@dataclass(frozen=True)
class LogPage:
    """Predictions, newest first. A null ``next_cursor`` means that there is nothing older."""

    items: tuple[LogEntry, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class MachinePriceBasis:
    """The list that the prices of machines are from: its region, and the day on which it was looked
    up. ``instead_of``: the region of the stage, where there are no prices for it; else null.
    """

    region: str
    instead_of: str | None
    looked_up: str


@dataclass(frozen=True)
class Me:
    """The caller. ``second_factor`` is null for a program, and where nobody signs in;
    ``waiting_roles`` do not count in full until there is one. ``quotas``: the caller's and the
    stage's.
    """

    id: str
    name: str
    roles: tuple[Literal["viewer", "labeller", "model-admin", "spender"], ...]
    scopes: tuple[Literal["predict", "read", "feedback", "label", "models", "jobs", "admin"], ...]
    second_factor: bool | None
    waiting_roles: tuple[Literal["viewer", "labeller", "model-admin", "spender"], ...]
    quotas: tuple[QuotaLeft, ...]


@dataclass(frozen=True)
class Measured:
    """``images`` has at least two sizes, the smallest first; their milliseconds include no waiting.

    ``infer_ms`` is the share of ``model`` in their milliseconds. ``record_bytes``,
    ``thumbnail_bytes`` and ``log_bytes`` are of one image, ``resident_mb`` of the worker between
    images; ``metrics`` and ``alarms`` are how many the deployment has.
    """

    measured_at: str
    hardware: str
    model: str
    infer_ms: float
    images: tuple[MeasuredImage, ...]
    record_bytes: int
    thumbnail_bytes: int
    log_bytes: int
    resident_mb: float
    metrics: int
    alarms: int


@dataclass(frozen=True)
class MeasuredImage:
    """A JPEG and the median of a warm invocation's own milliseconds on one core, by way in."""

    megapixels: float
    bytes: float
    http_ms: float
    s3_ms: float


@dataclass(frozen=True)
class ModelComparison:
    """``first_day`` and ``last_day`` (UTC, inclusive) are what was counted."""

    items: tuple[ComparedModel, ...]
    first_day: str
    last_day: str


@dataclass(frozen=True)
class ModelDetail:
    """One version with its manifest, the report of its run (null when there is none, one of over
    4 MB, or none was asked for), and short-lived URLs of its other files.
    ``recognises_unfamiliar``: whether its answers can be ``unfamiliar``, and not ``unsure``
    alone. ``never_unsure``: whether its threshold holds no answer back; with neither, it never
    answers ``unknown``.
    """

    name: str
    version: str
    created_at: str
    precision: Literal["fp32", "int8"]
    labels: int
    metrics: dict[str, float]
    gate_passed: bool
    force: Force | None
    retired: Retirement | None
    tried: Tried | None
    verified: Verified | None
    aliases: tuple[Literal["production", "canary", "shadow"], ...]
    recognises_unfamiliar: bool
    never_unsure: bool
    manifest: dict[str, Any]
    report: dict[str, Any] | None
    files: dict[str, str]


@dataclass(frozen=True)
class ModelEntry:
    """A published version; ``labels`` is their number. ``gate_passed`` is false for one that was
    published by ``force``; ``retired`` is null for one that may serve, ``tried`` for one that has
    to be published again before it may. ``verified``: what was measured with images that no
    training machine had, null where nothing was.
    """

    name: str
    version: str
    created_at: str
    precision: Literal["fp32", "int8"]
    labels: int
    metrics: dict[str, float]
    gate_passed: bool
    force: Force | None
    retired: Retirement | None
    tried: Tried | None
    verified: Verified | None
    aliases: tuple[Literal["production", "canary", "shadow"], ...]


@dataclass(frozen=True)
class ModelFeedback:
    """How often a version was right on images with feedback, with a 95 % Wilson interval;
    ``per_label``: the same by the label that people gave. A parent is right for every label below
    it. ``none``: images that show none of the labels, where ``unknown`` is right. ``queue``: images
    that people were asked about because they were the least certain. They are harder than others,
    so they are in none of the other numbers.
    """

    n: int
    correct: int
    low: float
    high: float
    per_label: dict[str, Share]
    none: Share
    queue: Share


@dataclass(frozen=True)
class ModelList:
    """Every version, the latest first, and what serves."""

    items: tuple[ModelEntry, ...]
    aliases: ServingAliases


@dataclass(frozen=True)
class ModelRef:
    """One version of one model. Many models have a version 1.0.0, so a version alone names none."""

    name: str
    version: str


@dataclass(frozen=True)
class MonthCost:
    """A month of the viewer's calendar, in US dollars, before AWS's free tier except for what is
    fixed. AWS bills by months in UTC.

    ``images_usd``, ``fixed``, ``stored`` and ``training`` add up to ``so_far``. ``serving``: what
    1,000 images cost by the version in production, null before there is one. ``budget_usd``: at
    which AWS Budgets stops the stage, null without one. ``measured``: what was measured on which
    model for what the counters do not have.
    """

    currency: str
    month: str
    offset: int
    day: int
    days: int
    so_far: float
    forecast: Forecast
    images: int
    images_usd: float
    by_day: tuple[DayCost, ...]
    by_version: tuple[VersionCost, ...]
    serving: VersionCost | None
    fixed: tuple[FixedCost, ...]
    stored: tuple[StoredCost, ...]
    stored_so_far: float
    training: TrainingCost
    budget_usd: float | None
    retention_days: int
    prices: ListPrices
    measured: Measured
    assumptions: dict[str, str]


@dataclass(frozen=True)
class Move:
    """One line of the history: from ``moved_at`` on, ``alias`` points at this version.

    Name and version are null where the alias was taken away, ``percent`` for all but a canary.
    """

    alias: Literal["production", "canary", "shadow"]
    name: str | None
    version: str | None
    percent: int | None
    moved_at: str
    by: str
    action: Literal["promote", "rollback", "canary", "shadow", "clear"]
    reason: str | None


@dataclass(frozen=True)
class MovePreview:
    """What a move would change now; nothing is moved.

    ``aliases``: what would serve. ``classes``: one for each effect by which images get another
    version, in their order, of a canary that ends too; left out where a manifest is gone. Send
    ``revision`` with the move, and it is refused if the aliases have moved meanwhile.
    """

    revision: int
    aliases: ServingAliases
    effects: tuple[Effect, ...]
    classes: tuple[ClassChange, ...]


@dataclass(frozen=True)
class Moved:
    """What serves after a move; ``classes`` as in its preview."""

    aliases: ServingAliases
    classes: tuple[ClassChange, ...]


@dataclass(frozen=True)
class NewHook:
    """A hook with its ``secret``, which is not shown again; null where there is none."""

    name: str
    kind: Literal["webhook", "email", "sqs"]
    target: str
    wants: HookFilter
    created_at: str
    created_by: str
    secret_at: str | None
    outcome: Outcome | None
    secret: str | None


@dataclass(frozen=True)
class NewKey:
    """A key with its text, ``key``, which is not shown again."""

    prefix: str
    name: str
    scopes: tuple[Literal["predict", "read", "feedback", "label", "models", "jobs", "admin"], ...]
    requests_per_minute: int | None
    requests_per_month: int | None
    created_at: str
    created_by: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None
    key: str


@dataclass(frozen=True)
class OriginStats:
    """Images by where they were classified first."""

    cloud: int
    browser: int
    edge: int


@dataclass(frozen=True)
class Outcome:
    """How deliveries of a webhook went lately, null where there was none. ``last_failure_status``
    is the HTTP status, null where no answer came; ``last_failure`` is a sentence. ``dead``: events
    that were given up, and wait for a replay.
    """

    last_success_at: str | None
    last_success_id: str | None
    last_failure_at: str | None
    last_failure_id: str | None
    last_failure_status: int | None
    last_failure: str | None
    dead: int


@dataclass(frozen=True)
class Parameter:
    """A field of a config: its value there, what a form calls it, and what it means. ``choices``:
    all that it can be, null where that is no closed list.
    """

    default: Any
    choices: tuple[str, ...] | None
    label: Text
    about: Text


@dataclass(frozen=True)
class PeriodCost:
    """Of whole days (UTC), the first and the last included."""

    first_day: str
    last_day: str
    predictions: int
    usd: float


@dataclass(frozen=True)
class PredictAnswer:
    """The recorded prediction, with ``explanation`` and ``prediction_set`` where they were asked
    for. The explanation of a model that was brought from elsewhere may be null all the same: not
    every network has an activation map.

    ``temperature`` is what the model's logits were divided by. The answer is ``unknown`` when
    no label and no parent reaches ``unknown_threshold`` (``unsure``), and when ``familiarity`` is
    under ``familiarity_threshold`` or the image has less fine detail than those that the model was
    taught (``unfamiliar``). The threshold is null for a version that measures neither.
    """

    id: str
    source: Literal["api", "s3"]
    status: Literal["ok", "unknown", "failed"]
    label: str | None
    confidence: float | None
    top_k: tuple[Score, ...]
    model: ModelRef | None
    image: ImageRef
    thumbnail_key: str | None
    timings: dict[str, float]
    created_at: str
    error: Failure | None
    expires_at: int
    temperature: float
    unknown_threshold: float
    familiarity_threshold: float | None
    explanation: Explanation | None
    prediction_set: PredictionSet | None
    parents: tuple[str, ...]
    unknown_reason: Literal["unsure", "unfamiliar"] | None
    familiarity: float | None
    feedback: Feedback | None
    refused: ModelRef | None
    owner: str | None
    filename: str | None
    origin: Literal["cloud", "browser", "edge"]
    made_at: str | None
    device: DeviceAnswer | None


@dataclass(frozen=True)
class PredictionDetail:
    """One prediction with short-lived URLs for its image and thumbnail. ``image_url`` is null where
    the original is no longer kept, or never left its device. ``undoable``: the feedback that the
    caller may take back: their ``own`` latest, also one that somebody outweighs, or for an admin
    ``unowned``, of which nobody knows who gave it. Null: none.
    """

    id: str
    source: Literal["api", "s3"]
    status: Literal["ok", "unknown", "failed"]
    label: str | None
    confidence: float | None
    top_k: tuple[Score, ...]
    model: ModelRef | None
    image: ImageRef
    thumbnail_key: str | None
    timings: dict[str, float]
    created_at: str
    error: Failure | None
    expires_at: int
    thumbnail_url: str | None
    image_url: str | None
    undoable: Literal["own", "unowned"] | None
    parents: tuple[str, ...]
    unknown_reason: Literal["unsure", "unfamiliar"] | None
    familiarity: float | None
    feedback: Feedback | None
    refused: ModelRef | None
    owner: str | None
    filename: str | None
    origin: Literal["cloud", "browser", "edge"]
    made_at: str | None
    device: DeviceAnswer | None


@dataclass(frozen=True)
class PredictionSet:
    """The smallest set of labels, best first, that holds the true one for a share ``coverage`` of
    images like those of the model's validation. It promises nothing for an unfamiliar image.

    It is empty where even the best label has a lower confidence than the true one almost ever has:
    then the model has no answer that would be right with that probability.
    """

    coverage: float
    labels: tuple[str, ...]


@dataclass(frozen=True)
class PredictionsTaken:
    """``added`` images are new to the dataset and ``known`` were there; of ``missing`` predictions
    there is no record, or none with an image: a device keeps what it does not send.
    """

    added: int
    known: int
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Problem:
    """An error as RFC 9457 has it. ``code`` is stable and meant for programs; ``retryable``: the
    same request may succeed later. ``field``: what of the request is at fault, by its dotted name,
    where that is known.
    """

    type: str
    title: str
    status: int
    detail: str
    code: Literal[
        "alias_conflict",
        "backfill_conflict",
        "backfill_not_found",
        "backfill_refused",
        "body_too_large",
        "budget_stopped",
        "canary_or_shadow",
        "comparison_not_found",
        "comparison_not_ready",
        "coverage_unmeasured",
        "dataset_comparing",
        "dataset_conflict",
        "dataset_image_missing",
        "dataset_missing",
        "dataset_too_large",
        "dataset_version_missing",
        "feedback_not_found",
        "forbidden",
        "gate_not_passed",
        "hook_conflict",
        "hook_not_found",
        "idempotency_conflict",
        "image_archived",
        "image_denied",
        "image_empty",
        "image_encrypted",
        "image_missing",
        "image_never_sent",
        "image_too_costly",
        "image_too_large",
        "image_truncated",
        "image_unreadable",
        "internal_error",
        "invalid_artifact",
        "invalid_base64",
        "invalid_body",
        "invalid_config",
        "invalid_cursor",
        "invalid_image",
        "invalid_input",
        "invalid_parameter",
        "job_conflict",
        "job_not_found",
        "job_refused",
        "key_not_found",
        "method_not_allowed",
        "missing_field",
        "missing_image",
        "model_in_use",
        "model_not_found",
        "model_retired",
        "model_unavailable",
        "model_untried",
        "not_signed_in",
        "nothing_in_production",
        "nothing_to_roll_back_to",
        "platform_unavailable",
        "prediction_not_found",
        "quota_exceeded",
        "route_not_found",
        "run_conflict",
        "run_not_found",
        "run_refused",
        "run_too_long",
        "too_many_labels",
        "unsupported_media_type",
    ]
    request_id: str
    field: str | None
    retryable: bool


@dataclass(frozen=True)
class PromotionRule:
    """A job's version is promoted only where the sealed set has at least ``min_images``, and its
    top-1 there is at least ``min_gain`` (0..1) above that of the version in production, which must
    have the same labels.
    """

    enabled: bool
    min_images: int
    min_gain: float


@dataclass(frozen=True)
class Proposal:
    """What to do next with a dataset that was trained.

    Attributes:
        version: of the dataset, that the last finished training learned from.
        labels: images that are labelled now and were not in that version, or had another label.
        needed: from so many on, another training is worth it.
        run: a finished training whose model was compared and is newer than what serves: to accept.
    """

    version: int
    labels: int
    needed: int
    run: InstantRun | None


@dataclass(frozen=True)
class QuotaLeft:
    """One quota of a caller or of the whole stage, and how much of it is used."""

    quota: str
    of: Literal["caller", "stage"]
    per: Literal["minute", "month"]
    limit: float
    used: float


@dataclass(frozen=True)
class RecordExplanation:
    """Where the evidence for a label lies in the image of a record, by the version that answered
    it. The explanation is null where that version has no activation map.
    """

    id: str
    model: ModelRef
    explanation: Explanation | None


@dataclass(frozen=True)
class RecordTaken:
    """What became of one record. ``recorded``: it is new, as the prediction ``id``; ``known``: it
    was sent before, and nothing has changed; ``refused``: ``error`` says why, and sending it again
    changes nothing. ``device_id`` and ``id`` are null for one without a usable ``device_id``.
    """

    device_id: str | None
    id: str | None
    outcome: Literal["recorded", "known", "refused"]
    error: Failure | None


@dataclass(frozen=True)
class RecordThumbnails:
    """Short-lived URLs by the ids of records; null where no thumbnail can be made, because the
    original is gone or cannot be read or decoded. An id without a record is left out. ``later``:
    the ids for whose thumbnails there was no time in this request; ask for them again.
    """

    items: dict[str, str | None]
    later: tuple[str, ...]


@dataclass(frozen=True)
class RecordsTaken:
    """What became of each record, in the order in which they were sent."""

    items: tuple[RecordTaken, ...]


@dataclass(frozen=True)
class Relabelled:
    """An image whose label is another one in the newer version."""

    sha256: str
    old: str
    new: str


@dataclass(frozen=True)
class Renamed:
    """A class that is written in another way, such as black_cat and Black cat."""

    before: str
    now: str


@dataclass(frozen=True)
class Retirement:
    """Who retired a version, when and why."""

    by: str
    at: str
    reason: str | None


@dataclass(frozen=True)
class RollbackRule:
    """Limits for a trial, as shares of 0..1; null sets no limit.

    Shares are checked from ``min_images`` on. A canary over a limit loses its share of the images;
    a version in production is rolled back to the one before.
    """

    enabled: bool
    min_images: int
    max_error_rate: float | None
    max_unknown_rate: float | None
    max_disagreement: float | None


@dataclass(frozen=True)
class RunList:
    """Trainings, newest first."""

    items: tuple[InstantRun, ...]


@dataclass(frozen=True)
class RunResult:
    """Measured once on the test part: ``top1`` of ``images`` in ``groups``, with its 95 % interval
    by groups, and the worst confusions first. ``curve``: accuracy against the number of labelled
    images, fewest first; empty for runs from before it was measured. ``compared``: with an earlier
    model, None where there is none to compare with. ``series``: the classes that were measured on
    look-alikes of their training images, because they have no others: an optimistic measure.
    """

    top1: float
    top1_low: float
    top1_high: float
    images: int
    groups: int
    worst: tuple[Confusion, ...]
    curve: tuple[CurvePoint, ...]
    compared: Compared | None
    series: tuple[str, ...]


@dataclass(frozen=True)
class RunStep:
    """``done`` of ``total`` images, where a step counts them."""

    name: Literal["freeze", "embed", "fit", "prove", "publish"]
    started_at: str
    finished_at: str | None
    done: int | None
    total: int | None


@dataclass(frozen=True)
class Score:
    """A label with its temperature-scaled probability, 0..1."""

    label: str
    confidence: float


@dataclass(frozen=True)
class Served:
    """The move by which an alias stood at a time; null when it was not yet set."""

    move: Move | None


@dataclass(frozen=True)
class ServiceStatus:
    """Whether an image would be classified now, by which model, into which labels.

    ``parents``: what is directly above each label and each parent that has something above it.
    """

    status: Literal["ok", "unavailable"]
    model: ModelRef | None
    labels: tuple[str, ...]
    parents: dict[str, str]
    uptime_s: float
    reason: str | None


@dataclass(frozen=True)
class ServingAliases:
    """What each alias points at now."""

    production: ModelRef | None
    canary: Canary | None
    shadow: ModelRef | None


@dataclass(frozen=True)
class Share:
    """``correct`` of ``n``, with a 95 % confidence interval; 0..1 when nothing was counted."""

    n: int
    correct: int
    low: float
    high: float


@dataclass(frozen=True)
class Stats:
    """Counters of whole days (UTC), of records also that have expired since.

    Versions are keys as ``name/version``. ``agreement`` has those that answered the same images
    on a device and in the cloud.
    ``by_label`` counts what every image was called, a parent of labels too, and the best guess of
    unknown ones. ``unsure`` and
    ``unfamiliar`` are the unknown ones by reason.
    """

    first_day: str
    last_day: str
    total: int
    by_status: dict[str, int]
    unsure: int
    unfamiliar: int
    by_label: dict[str, int]
    by_model: dict[str, int]
    by_origin: OriginStats
    agreement: dict[str, DeviceAgreement]
    by_day: tuple[DayStats, ...]
    feedback: FeedbackStats
    drift: dict[str, Drift]


@dataclass(frozen=True)
class Stop:
    """That the stage classifies nothing and starts no job, since when and why."""

    at: str
    reason: str


@dataclass(frozen=True)
class StoredCost:
    """A bucket or a table, with its indexes. ``bytes`` is null where AWS has not measured it yet;
    ``measured`` is false where it is estimated from what was counted.
    """

    kind: str
    place: str
    bytes: int | None
    measured: bool
    per_month: float | None


@dataclass(frozen=True)
class Text:
    """The same in English and Korean."""

    en: str
    ko: str


@dataclass(frozen=True)
class Thumbnails:
    """Data URLs by hash; an image without a thumbnail is left out."""

    items: dict[str, str]


@dataclass(frozen=True)
class TrainingCost:
    """Of what began in a month, in US dollars. ``jobs`` on rented machines cost what these did,
    ``trainings`` without one by the time that their steps took, and ``curated`` images as
    estimated. ``complete``: all of it was looked at.
    """

    jobs: int
    jobs_usd: float
    trainings: int
    trainings_usd: float
    curated: int
    curated_usd: float
    complete: bool


@dataclass(frozen=True)
class TrainingJob:
    """A job as people see it, record and report in one. Money in USD, times ISO 8601 in UTC.

    ``runs_on``: a rented machine, or the computer of the local cloud, where ``instance`` is null
    and nothing costs. ``waits_for_worker``: nothing trains it until `visionflow jobs machines`
    runs there.
    """

    id: str
    state: Literal[
        "queued",
        "launching",
        "running",
        "publishing",
        "stopping",
        "succeeded",
        "failed",
        "cancelled",
    ]
    reason: str | None
    config: JobRequest
    created_at: str
    started_at: str | None
    ended_at: str | None
    heartbeat_at: str | None
    instance: JobInstance | None
    progress: JobProgress | None
    epochs: tuple[JobEpoch, ...]
    eta_seconds: float | None
    cost_usd: float
    budget_usd: float
    max_hours: float
    model: ModelRef | None
    log_tail: tuple[str, ...]
    runs_on: Literal["aws", "local"]
    waits_for_worker: bool


@dataclass(frozen=True)
class TrainingJobList:
    """Jobs, newest first. A null ``next_cursor`` means that there is nothing older."""

    items: tuple[TrainingJob, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class TrainingOptions:
    """All that a form for a training job needs. ``models`` and ``recipes``: those that may take the
    place of a config's own. ``runs_on``: on the local cloud its computer trains, so there are no
    ``instances``; ``worker``: whether it is at work on jobs now, true on AWS. ``prices``: what the
    prices of the instances rest on.
    """

    models: tuple[str, ...]
    recipes: tuple[str, ...]
    configs: tuple[ConfigOption, ...]
    datasets: tuple[DataSet, ...]
    instances: tuple[InstanceOption, ...]
    runs_on: Literal["aws", "local"]
    worker: bool
    prices: MachinePriceBasis


@dataclass(frozen=True)
class Tried:
    """That a version was opened and has answered before it was registered, and when."""

    ms: float | None
    peak_mb: float | None
    at: str


@dataclass(frozen=True)
class UncertainList:
    """Answers without feedback whose image can be shown, the least certain first."""

    items: tuple[LogEntry, ...]


@dataclass(frozen=True)
class UploadForm:
    """How to send the image: ``PUT url`` with these ``headers``, the image as body.

    S3 takes it until ``expires_at``, once, for an image of the type and size that were announced; a
    second one is refused with 412. Its prediction is ``GET /predictions/{id}`` as soon as it is
    classified, and a 404 before.
    """

    id: str
    url: str
    headers: dict[str, str]
    key: str
    expires_at: str
    max_bytes: int


@dataclass(frozen=True)
class UploadForms:
    """``known``: hashes of images that the dataset has already, and that need not be sent.
    ``erased``: those that are not let in, as copies of an image that was erased or that the caller
    may not see.
    """

    known: tuple[str, ...]
    forms: tuple[DatasetUpload, ...]
    erased: tuple[str, ...]


@dataclass(frozen=True)
class Verified:
    """What the control plane measured of a version, with images that no training machine had.

    Attributes:
        images: how many.
        top1: the share of them that the served form answers rightly.
        interval: of ``top1``, 95 %, Wilson's.
        agreement: the share of them for which the served form and the fp32 form of the version give
            the same answer; null where it serves fp32.
        sealed: SHA-256 that names the set of which the first ``images`` were measured.
        at: ISO 8601, UTC.
    """

    images: int
    top1: float
    interval: tuple[float, ...]
    agreement: float | None
    sealed: str
    at: str


@dataclass(frozen=True)
class VersionCost:
    """Images of the month that one version answered; ``model`` is null for those that none did.

    ``usd`` is without keeping them, ``per_1000`` with it. ``ways``: the functions as they ran, by
    the way in: ``api`` is predict, ``s3`` is ingest. Empty: nothing was measured here yet, and
    ``per_1000`` rests on this release's own measurements.
    """

    model: ModelRef | None
    images: int
    usd: float
    per_1000: float
    ways: dict[str, WayTaken]


@dataclass(frozen=True)
class VersionDay:
    """Images of one day (UTC) that one version answered; ``model`` is null for those that none did.

    ``unsure`` and ``unfamiliar`` are the unknown ones by reason, ``browser`` and ``edge`` those
    that a device answered first. ``latency`` is null where no answer's was counted. ``agreement``:
    with devices on images of that day; null where none was compared. ``feedback``: how often it was
    right on the images of that day that people have judged since, with a 95 % Wilson interval; null
    without any.
    """

    day: str
    model: ModelRef | None
    ok: int
    unsure: int
    unfamiliar: int
    failed: int
    browser: int
    edge: int
    latency: Latency | None
    agreement: DeviceAgreement | None
    feedback: Share | None


@dataclass(frozen=True)
class VersionDetails:
    """A version, a short-lived URL of its manifest (gzipped JSON lines, one for each image), and
    the model versions that it made.
    """

    version: DatasetVersion
    url: str
    models: tuple[ModelRef, ...]


@dataclass(frozen=True)
class VersionDiff:
    """What changed from version ``old`` to version ``new``; each list names the first images by
    their hash.
    """

    old: int
    new: int
    counts: DiffCounts
    added: tuple[str, ...]
    removed: tuple[str, ...]
    relabelled: tuple[Relabelled, ...]


@dataclass(frozen=True)
class VersionList:
    """All versions, the latest first."""

    items: tuple[DatasetVersion, ...]


@dataclass(frozen=True)
class Versions:
    """Images that something is true of for ``both`` versions, for the ``new`` one alone, or for the
    ``old`` one alone.
    """

    both: int
    new: int
    old: int


@dataclass(frozen=True)
class WayTaken:
    """One function as it ran: the mean of its milliseconds and bytes for an image, and dollars for
    1,000 images with keeping them.
    """

    images: int
    mean_ms: float
    mean_bytes: float
    memory_mb: int
    per_1000: float


@dataclass(frozen=True)
class WithdrawnFeedback:
    """The prediction without ``withdrawn``, the caller's latest feedback. What was said before
    counts again. ``undoable``: what else the caller may take back.
    """

    id: str
    source: Literal["api", "s3"]
    status: Literal["ok", "unknown", "failed"]
    label: str | None
    confidence: float | None
    top_k: tuple[Score, ...]
    model: ModelRef | None
    image: ImageRef
    thumbnail_key: str | None
    timings: dict[str, float]
    created_at: str
    error: Failure | None
    expires_at: int
    thumbnail_url: str | None
    withdrawn: Feedback
    undoable: Literal["own", "unowned"] | None
    parents: tuple[str, ...]
    unknown_reason: Literal["unsure", "unfamiliar"] | None
    familiarity: float | None
    feedback: Feedback | None
    refused: ModelRef | None
    owner: str | None
    filename: str | None
    origin: Literal["cloud", "browser", "edge"]
    made_at: str | None
    device: DeviceAnswer | None
