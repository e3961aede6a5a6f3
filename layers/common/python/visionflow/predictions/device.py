"""What a device says that it answered, checked as far as the cloud can know."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from visionflow.answers.answer import Score, UnknownReason
from visionflow.errors import InvalidParameterError
from visionflow.labels import composed, label_problem
from visionflow.models.label_tree import LabelTree
from visionflow.models.manifest import Manifest
from visionflow.models.ref import ModelRef, parse_ref
from visionflow.predictions.record import KEY, DeviceAnswer
from visionflow.timestamps import timestamp

MAX_SCORES = 20
# A device's clock may be wrong, but not by so much.
_AHEAD = timedelta(days=1)
# Sums and thresholds of numbers that a device computed in single precision, or rounded.
_TOLERANCE = 1e-3
# A row holds no number that is nearer to 0. No device needs one: single precision ends far above.
_LEAST = 1e-100
_MOST_FAMILIARITY = 1e6


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
    unknown_reason: UnknownReason | None
    familiarity: float | None

    @property
    def version(self) -> ModelRef:
        """Raises `InvalidParameterError`."""
        return parse_ref("model", self.model)

    @property
    def made(self) -> str:
        """``made_at`` as records spell times. Raises `InvalidParameterError`."""
        try:
            at = datetime.fromisoformat(self.made_at)
            if at.tzinfo is None:
                raise ValueError("no time zone")
            return timestamp(at)
        except (ValueError, OverflowError) as error:
            raise InvalidParameterError(
                "made_at must be an ISO 8601 time with a zone such as 2030-01-31T12:00:00Z, found "
                f"{self.made_at!r:.40}.",
                "made_at",
            ) from error

    @property
    def answer(self) -> DeviceAnswer:
        best = self.top_k[0]
        return DeviceAnswer(
            status=self.status,
            label=self.label,
            confidence=self.confidence,
            unknown_reason=self.unknown_reason,
            best=best.label,
            best_confidence=best.confidence,
            model=self.version,
        )

    def check(self, now: datetime) -> None:
        """What any version's answer must be. Raises `InvalidParameterError`."""
        if not KEY.fullmatch(self.device_id):
            raise InvalidParameterError(
                "device_id must have 1 to 64 characters of A-Z, a-z, 0-9, '-', '_' and '.'.",
                "device_id",
            )
        if self.made > timestamp(now + _AHEAD):
            raise InvalidParameterError(
                f"made_at is more than a day ahead ({self.made_at:.40}); set the device's clock.",
                "made_at",
            )
        _ = self.version
        if (self.status == "unknown") != (self.unknown_reason is not None):
            raise InvalidParameterError(
                "unknown_reason is needed where the status is unknown, and null where it is ok.",
                "unknown_reason",
            )
        self._check_scores()
        if self.familiarity is not None:
            if not -_MOST_FAMILIARITY <= self.familiarity <= _MOST_FAMILIARITY:
                raise InvalidParameterError(
                    f"familiarity must be between -{_MOST_FAMILIARITY:,.0f} and "
                    f"{_MOST_FAMILIARITY:,.0f}, found {self.familiarity!r:.40}.",
                    "familiarity",
                )
            _check_size("familiarity", self.familiarity)

    def _check_scores(self) -> None:
        if not 1 <= len(self.top_k) <= MAX_SCORES:
            raise InvalidParameterError(
                f"top_k must have 1 to {MAX_SCORES} labels, found {len(self.top_k)}.", "top_k"
            )
        values = [score.confidence for score in self.top_k]
        for value in (self.confidence, *values):
            if not 0 <= value <= 1:
                raise InvalidParameterError(
                    f"a confidence must be between 0 and 1, found {value!r:.40}.", "confidence"
                )
            _check_size("confidence", value)
        names = [score.label for score in self.top_k]
        for name in (self.label, *names):
            if problem := label_problem(composed(name)):
                raise InvalidParameterError(f"label {name!r:.80} {problem}.", "label")
        if values != sorted(values, reverse=True) or len(set(names)) < len(names):
            raise InvalidParameterError(
                "top_k must name different labels, the most confident first.", "top_k"
            )
        if sum(values) > 1 + _TOLERANCE:
            raise InvalidParameterError(
                "the confidences of top_k are more than 1 together.", "top_k"
            )

    def check_by(self, manifest: Manifest, tree: LabelTree) -> None:
        """What an answer of its version must be beyond that. Raises `InvalidParameterError`."""
        leaves = {label.name for label in tree.labels}
        for name in (*(score.label for score in self.top_k), self.label):
            if name not in tree or (name not in leaves and name != self.label):
                raise InvalidParameterError(f"{self.model} has no label {name!r:.80}.", "label")
        best = self.top_k[0]
        below = sum(s.confidence for s in self.top_k if tree.covers(self.label, s.label))
        if self.label in leaves:
            fits = self.label == best.label and abs(self.confidence - best.confidence) <= _TOLERANCE
        else:
            fits = self.confidence >= below - _TOLERANCE
        if not fits:
            raise InvalidParameterError(
                f"label {self.label!r:.80} and its confidence do not fit to top_k.", "label"
            )
        if not self._meant_by(manifest):
            raise InvalidParameterError(
                f"the status is not what the thresholds of {self.model} make of this confidence "
                "and familiarity.",
                "status",
            )

    def _meant_by(self, manifest: Manifest) -> bool:
        """Whether the thresholds can have led to this status. An image is also unfamiliar for lack
        of detail, which only the device has seen."""
        rule = manifest.familiarity
        if self.unknown_reason == "unfamiliar":
            return rule is not None
        if rule is not None and self.familiarity is not None:
            strange = self.familiarity < rule.threshold - _TOLERANCE
        else:
            strange = False
        distance = self.confidence - manifest.unknown_threshold
        sure = distance >= -_TOLERANCE if self.status == "ok" else distance <= _TOLERANCE
        return sure and not strange


@dataclass(frozen=True)
class DeviceRecord(DeviceResult):
    """A `DeviceResult` whose image stays on the device. ``width`` and ``height`` of the upright
    image in pixels; ``milliseconds`` that the device took for its answer."""

    filename: str | None
    width: int
    height: int
    milliseconds: float

    def check(self, now: datetime) -> None:
        super().check(now)
        for what, value, most in (
            ("width", self.width, 1_000_000),
            ("height", self.height, 1_000_000),
            ("milliseconds", self.milliseconds, 3_600_000),
        ):
            if not 0 < value <= most:
                raise InvalidParameterError(
                    f"{what} must be above 0 and at most {most:,}, found {value!r:.40}.", what
                )
            _check_size(what, value)


def _check_size(what: str, value: float) -> None:
    if 0 < abs(value) < _LEAST:
        raise InvalidParameterError(
            f"{what} is nearer to 0 than a record can hold ({value!r:.40}); send 0.", what
        )
