"""`VisionFlow`: a stage as a Python program uses it."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Self, TypedDict, TypeVar, Unpack

from visionflow.client import answers
from visionflow.client.classification import Answered, Classification, answered_all
from visionflow.client.connection import Connection, filled
from visionflow.client.errors import SettingError, UnavailableError
from visionflow.client.reading import read
from visionflow.client.routes.access import Hooks, Keys
from visionflow.client.routes.backfills import Backfills
from visionflow.client.routes.datasets import Datasets
from visionflow.client.routes.group import Group, When, moment
from visionflow.client.routes.jobs import Jobs
from visionflow.client.routes.models import Models
from visionflow.client.sources import Image, opened
from visionflow.client.uploads import as_json, classified

T = TypeVar("T")

URL_VARIABLE, KEY_VARIABLE = "VISIONFLOW_API_URL", "VISIONFLOW_API_KEY"
_STATE = ".visionflow"
RECORDS_PER_CALL = 25


class ClassifyOptions(TypedDict, total=False):
    """How an image is to be answered.

    ``top_k``: labels. ``explain``: a heatmap of the evidence, for ``label`` or the answer.
    ``coverage``: that of a prediction set. ``bucket``: go through the bucket also where a direct
    call has room, so that a queue and not the caller takes what comes too fast. ``device``: what a
    device answered already, as `DeviceResult` has it; its id makes one record of all calls with it.
    """

    top_k: int
    explain: bool
    label: str
    coverage: float
    bucket: bool
    device: "answers.DeviceResult | Mapping[str, Any]"


class LogFilter(TypedDict, total=False):
    """Which predictions: ``model`` is ``name/version``, ``filename`` a part of a name, ``status``
    ``ok``, ``unknown`` or ``failed``, ``source`` ``api`` or ``s3``, ``origin`` ``cloud``,
    ``browser`` or ``edge``, ``feedback`` ``right``, ``wrong``, ``none`` or ``unanswered``."""

    label: str
    model: str
    status: str
    source: str
    origin: str
    feedback: str
    filename: str
    since: When
    until: When


class VisionFlow(Group):
    """A stage at ``url``, called with an API ``key``. Threads may share it.

    What is left out is the environment's: VISIONFLOW_API_URL and VISIONFLOW_API_KEY.
    Every call raises `ApiError`, whose tree is in `visionflow.client.errors`. A service that is
    busy or out of order is asked again for half a minute, where that can double nothing.
    """

    def __init__(self, url: str | None = None, key: str | None = None) -> None:
        """Raises `SettingError` where no request can be made of these."""
        found = os.environ.get(URL_VARIABLE, "").strip() if url is None else url
        if not found:
            raise SettingError(
                f"Give the URL of an API, the output ApiUrl of the stage, or set {URL_VARIABLE}."
            )
        # A file that a key is read from ends with a line break.
        secret = (os.environ.get(KEY_VARIABLE, "") if key is None else key).strip()
        super().__init__(Connection(found.rstrip("/"), secret or None))

    @classmethod
    def local(cls, project: str | os.PathLike[str] = ".") -> Self:
        """The local cloud that ``make up`` runs in the checkout at ``project``. Raises
        `SettingError` where none was started."""
        file = Path(project) / _STATE / "outputs.json"
        try:
            url = json.loads(file.read_text(encoding="utf-8"))["api_url"]
        except FileNotFoundError as error:
            raise SettingError(
                f"There is no {file}; start a local cloud with 'make up', or name its checkout."
            ) from error
        return cls(url, "")

    @property
    def models(self) -> Models:
        return Models(self.connection)

    @property
    def datasets(self) -> Datasets:
        return Datasets(self.connection)

    @property
    def jobs(self) -> Jobs:
        return Jobs(self.connection)

    @property
    def backfills(self) -> Backfills:
        return Backfills(self.connection)

    @property
    def keys(self) -> Keys:
        return Keys(self.connection)

    @property
    def hooks(self) -> Hooks:
        return Hooks(self.connection)

    def classify(
        self, image: Image, *, filename: str | None = None, **options: Unpack[ClassifyOptions]
    ) -> Classification:
        """Classify one image: a path, bytes or a file that is open in binary mode. One that is too
        large for a direct call goes through the bucket, and is waited for.

        Raises `ImageRefusedError`, `LimitError`, `NotClassifiedYetError`, `ApiError`, `OSError`.
        """
        found = opened(image)
        name = filename or found.filename
        return read(
            Classification, classified(self.connection, found.data, filename=name, **options)
        )

    def classify_many(
        self, images: Iterable[Image], *, workers: int = 8, **options: Unpack[ClassifyOptions]
    ) -> Iterator[Answered]:
        """Each image with its answer or its error, in order, ``workers`` at a time. More than some
        thousands that are in a bucket already are a backfill's."""
        return answered_all(partial(self.classify, **options), images, workers)

    def record(
        self, records: Iterable["answers.DeviceRecord | Mapping[str, Any]"]
    ) -> Iterator[answers.RecordTaken]:
        """Record what a device answered to images that stay there, 25 with each request. Each is
        recorded once, however often it is sent."""
        left = iter(records)
        while some := [as_json(record) for record in islice(left, RECORDS_PER_CALL)]:
            body = {"records": some}
            yield from self.post(answers.RecordsTaken, "/predictions", body, repeatable=True).items

    def predictions(self, **wanted: Unpack[LogFilter]) -> Iterator[answers.LogEntry]:
        """Every prediction, newest first, page by page as they are needed."""
        query: dict[str, Any] = {**wanted}
        for name, parameter in (("since", "from"), ("until", "to")):
            query[parameter] = moment(query.pop(name, None))
        return self.pages(answers.LogPage, "/logs", query)

    def prediction(self, prediction_id: str) -> answers.PredictionDetail:
        """One prediction with URLs of its image. Raises `NotFoundError`."""
        return self.get(answers.PredictionDetail, filled("/predictions/{}", prediction_id))

    def explanation(
        self, prediction_id: str, *, label: str | None = None
    ) -> answers.RecordExplanation:
        """A heatmap of a recorded image by the version that answered it; one image of the quota."""
        path = filled("/predictions/{}/explanation", prediction_id)
        return self.get(answers.RecordExplanation, path, label=label)

    def thumbnails(self, prediction_ids: Sequence[str]) -> answers.RecordThumbnails:
        """URLs of thumbnails, made now where nobody has looked before."""
        query = ",".join(prediction_ids)
        return self.get(answers.RecordThumbnails, "/thumbnails", predictions=query)

    def uncertain(self, limit: int = 20) -> tuple[answers.LogEntry, ...]:
        """The predictions that are most worth a label."""
        return self.get(answers.UncertainList, "/uncertain", limit=limit).items

    def feedback(self, prediction_id: str) -> answers.FeedbackHistory:
        """What people said of a prediction."""
        return self.get(answers.FeedbackHistory, _feedback(prediction_id))

    def give_feedback(
        self, prediction_id: str, label: str | None, *, new: bool = False, from_queue: bool = False
    ) -> answers.GivenFeedback:
        """Say what an image shows; None: none of the model's labels. ``new``: a label that the
        model does not know. ``from_queue``: it was one of `uncertain`. It is sent once."""
        body = {"label": label, "new": new, "from_queue": from_queue}
        found = self.connection.send("POST", _feedback(prediction_id), body=body)
        return read(answers.GivenFeedback, found)

    def withdraw_feedback(self, prediction_id: str) -> answers.WithdrawnFeedback:
        """Take your latest feedback back. It is sent once: a second one takes back another."""
        path = _feedback(prediction_id)
        return self.delete(answers.WithdrawnFeedback, path, repeatable=False)

    def erase(self, prediction_id: str) -> answers.Erased:
        """Erase one prediction with all that was made from its image."""
        return self.delete(answers.Erased, filled("/predictions/{}", prediction_id))

    def erase_owner(self, owner: str) -> answers.ErasedOwner:
        """Erase some of what ``owner`` sent; call it again while any is ``left``."""
        return self.delete(answers.ErasedOwner, filled("/owners/{}", owner))

    def stats(self, *, since: When | None = None, until: When | None = None) -> answers.Stats:
        """Counters of whole days (UTC)."""
        return self.get(answers.Stats, "/stats", **_period(since, until))

    def daily_stats(
        self, *, since: When | None = None, until: When | None = None
    ) -> answers.DailyStats:
        return self.get(answers.DailyStats, "/stats/daily", **_period(since, until))

    def costs(
        self, *, since: When | None = None, until: When | None = None, offset: int | None = None
    ) -> answers.Costs:
        """What some days cost; ``offset``: minutes that the caller's days begin before UTC's."""
        return self.get(answers.Costs, "/costs", **_period(since, until), offset=offset)

    def month_cost(self, *, offset: int | None = None) -> answers.MonthCost:
        return self.get(answers.MonthCost, "/costs/month", offset=offset)

    def me(self) -> answers.Me:
        """Whose key it is, what it may do and what is left of its quotas."""
        return self.get(answers.Me, "/me")

    def audit(
        self, *, since: When | None = None, until: When | None = None
    ) -> Iterator[answers.AuditEntry]:
        """Who changed what, the latest first."""
        return self.pages(answers.AuditPage, "/audit", _period(since, until))

    def health(self) -> answers.Health:
        """Whether images can be classified, which everybody may ask. It is asked once."""
        return read(answers.Health, state(self.connection, "/health"))

    def status(self) -> answers.ServiceStatus:
        """`health` with the model and its labels."""
        return read(answers.ServiceStatus, state(self.connection, "/status"))

    def resume_budget(self) -> answers.BudgetState:
        """Take images and jobs again although the month's budget is spent."""
        return self.post(answers.BudgetState, "/budget/resume", repeatable=True)


def state(connection: Connection, path: str) -> dict[str, Any]:
    """The answer of `/health` or `/status`, also where it is that images cannot be classified."""
    try:
        return connection.once("GET", path)
    except UnavailableError as error:
        if error.answer is None or "status" not in error.answer or "code" in error.answer:
            raise
        return error.answer


def _feedback(prediction_id: str) -> str:
    return filled("/predictions/{}/feedback", prediction_id)


def _period(since: When | None, until: When | None) -> Mapping[str, str | None]:
    return {"from": moment(since), "to": moment(until)}
