"""Take in images and records of datasets, each once, and compare those of a dataset when all are
there."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from lambdas.classification.announcements import Arrival
from lambdas.classification.content import content_of
from lambdas.classification.decoder import Decoder, process_decoder
from lambdas.outcomes import status_of
from lambdas.telemetry.log import logger
from visionflow.access.audit import AuditLog
from visionflow.answers.embedder import Embedder
from visionflow.datasets.changes import ClassChange
from visionflow.datasets.comparison import examine, last_learned
from visionflow.datasets.flow import FLOW_RULE
from visionflow.datasets.names import (
    CONTENT_PREFIX,
    DROP_PREFIX,
    DROPPED,
    content_key,
    is_sha256,
    name_problem,
)
from visionflow.datasets.record import Dataset, DatasetImage
from visionflow.datasets.store import DatasetStore
from visionflow.errors import (
    DatasetConflictError,
    DatasetImageMissingError,
    DatasetMissingError,
    ImageError,
    ImageTooCostlyError,
    InputError,
    MissingImageError,
)
from visionflow.images.filenames import clean_filename
from visionflow.images.store import ImageStore
from visionflow.junk import junk_on
from visionflow.labels import composed, label_problem
from visionflow.loop.flowing import Flowing
from visionflow.loop.training import RuleTraining
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class CurateService:
    """What is done with objects of the datasets bucket and with records, without SQS."""

    store: DatasetStore
    images: ImageStore
    s3: "S3Client"
    embedder: Embedder
    flowing: Flowing
    rule: RuleTraining
    audit: AuditLog
    decoder: Decoder = field(default_factory=process_decoder)

    def take(self, arrival: Arrival, now: datetime) -> str | None:
        """Handle an object that arrived, and return the dataset that it is an image of; None for
        one that is not.

        A fault that a retry may fix is raised. Whatever was done before it is done again with the
        same result, or found done.
        """
        if arrival.key.startswith(DROP_PREFIX):
            self._move(arrival, now)
            return None
        return self._curate(arrival)

    def give_up(self, arrival: Arrival) -> str | None:
        """Record that no worker came to the end of an image."""
        found = self._pending(arrival)
        if found is None:
            return None
        name, image = found
        error = ImageTooCostlyError("The function ended each time it worked on this image.")
        self._unreadable(name, image, error)
        return name

    def take_records(
        self, name: str, prediction_ids: Sequence[str], changed: set[str], now: datetime
    ) -> None:
        """Let records into a dataset by its rule, and add it to ``changed`` where an image has a
        label by that.

        A record that fails lets the others pass, and is raised at the end.
        """
        failed = None
        for prediction_id in prediction_ids:
            try:
                if self.flowing.take(name, prediction_id, now):
                    changed.add(name)
            except DatasetMissingError:
                logger.info("no such dataset any more", extra={"dataset": name})
                return
            except Exception as error:
                logger.warning("not taken", extra={"prediction_id": prediction_id}, exc_info=True)
                failed = error
        if failed is not None:
            raise failed

    def examine(self, name: str, wave: str, now: datetime) -> bool:
        """Compare all images of a dataset, unless they have changed in another wave since: then
        there is a later message. Then start the training that is due by its rule. False where
        nothing was compared."""
        token = self.store.due_token(name, wave)
        if token is None:
            return False
        try:
            learned = last_learned(self.rule.training.runs, self.rule.versions, name)
            done = examine(self.store, name, self.embedder.trunk, token, learned)
            if done:
                self._train(name, now)
        except DatasetMissingError:
            return False
        return done

    def _train(self, name: str, now: datetime) -> None:
        due = self.rule.due(name, now)
        if due is None:
            return
        if not due.is_new:
            self.rule.start(due.run)
            return
        with self.audit.change(FLOW_RULE, FLOW_RULE, "train", name, status_of) as outcome:
            outcome.details["id"] = due.run.id
            self.rule.start(due.run)

    def _curate(self, arrival: Arrival) -> str | None:
        found = self._pending(arrival)
        if found is None:
            return None
        name, image = found
        if image.state != "pending":
            return name
        try:
            data = self.images.read(arrival.key, arrival.version_id, arrival.etag)
            if hashlib.sha256(data).hexdigest() != image.sha256:
                # Its place stays free for the image itself.
                self._refuse(arrival)
                return None
            image = replace(image, bytes=len(data))
            content, (width, height) = content_of(data, self.decoder, self.embedder)
        except MissingImageError:
            # Replaced, and announced again, or deleted: the row waits for it as before.
            logger.info("gone before it was read", extra={"key": arrival.key})
            return None
        except ImageError as error:
            self._unreadable(name, image, error)
            return name
        ready = replace(
            image,
            state="ready",
            group=image.sha256,  # alone, until it is compared with the others
            width=width,
            height=height,
        )
        if not self.store.curation.curated(name, ready, content):
            logger.info("curated by another delivery", extra={"key": arrival.key})
        return name

    def _pending(self, arrival: Arrival) -> tuple[str, DatasetImage] | None:
        """The dataset and the image that an object is the content of; None if it is of none."""
        name, _, sha256 = arrival.key.removeprefix(CONTENT_PREFIX).partition("/")
        if not arrival.key.startswith(CONTENT_PREFIX) or not is_sha256(sha256):
            logger.warning("not an image of a dataset", extra={"key": arrival.key})
            return None
        try:
            return name, self.store.images.image(name, sha256)
        except (DatasetImageMissingError, DatasetMissingError):
            # Every image is announced before its bytes are sent: this one, or its dataset, was
            # erased meanwhile, while a signed request was still valid. Nothing else would ever
            # delete it.
            logger.warning("not announced, or erased", extra={"key": arrival.key})
            self._refuse(arrival)
            return None

    def _unreadable(self, name: str, image: DatasetImage, error: ImageError) -> None:
        told = (error.code, str(error))
        self.store.curation.curated(name, replace(image, state="unreadable", error=told), None)

    def _move(self, arrival: Arrival, now: datetime) -> None:
        """Announce a dropped file and write it to its final place, where it arrives anew; then take
        the dropped one away. One that cannot be an image of a dataset stays where it is."""
        try:
            name, label, file_name = dropped(arrival.key)
            data = self.images.read(arrival.key, arrival.version_id, arrival.etag)
            self._make_room(name, label, now)
        except MissingImageError:
            logger.info("gone before it was read", extra={"key": arrival.key})
            return
        except InputError as error:
            left = {"key": arrival.key, "code": error.code, "detail": str(error)}
            logger.warning("left where it is", extra=left)
            return
        image = DatasetImage(
            sha256=hashlib.sha256(data).hexdigest(),
            state="pending",
            added_at=timestamp(now),
            added_by=DROPPED,
            source=DROPPED,
            bytes=len(data),
            file_name=clean_filename(file_name),
            label=label,
            labelled_by=DROPPED if label else None,
        )
        if self.store.images.announce(name, [image]):
            self.store.curation.dropped_again(name, image.sha256, arrival.key)
        else:
            self.s3.put_object(
                Bucket=arrival.bucket, Key=content_key(name, image.sha256), Body=data
            )
        self._refuse(arrival)

    def _make_room(self, name: str, label: str | None, now: datetime) -> None:
        """Make the dataset and the class, where they are not there."""
        try:
            dataset = self.store.dataset(name)
        except DatasetMissingError:
            dataset = Dataset(name=name, created_at=timestamp(now), created_by=DROPPED)
            try:
                self.store.create(dataset)
            except DatasetConflictError:
                dataset = self.store.dataset(name)
        if label is not None and label not in {known.name for known in dataset.classes}:
            self.store.change_classes(name, ClassChange(action="add", name=label))

    def _refuse(self, arrival: Arrival) -> None:
        """Delete the object that arrived, and no other that has taken its place."""
        try:
            self.s3.delete_object(
                Bucket=arrival.bucket, Key=arrival.key, IfMatch=f'"{arrival.etag}"'
            )
        except self.s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in ("PreconditionFailed", "NoSuchKey"):
                raise


def dropped(key: str) -> tuple[str, str | None, str]:
    """Dataset, label and file name of ``datasets/<name>/<class>/<file>``. A file right below the
    dataset has no label, and of folders in each other the outermost is the class.

    Raises `InputError` for a key that says no dataset, for what systems leave in folders, and for a
    class that cannot be one.
    """
    name, _, path = key.removeprefix(DROP_PREFIX).partition("/")
    if kind := junk_on(path):
        raise InputError(f"{path!r:.80} is what systems leave in folders ({kind.strip()}).")
    *folders, file_name = path.split("/")
    if problem := name_problem(name):
        raise InputError(f"{name!r:.80} {problem}.")
    label = composed(folders[0]) if folders else None
    if label is not None and (problem := label_problem(label)):
        raise InputError(f"The class {label!r:.130} {problem}.")
    return name, label, file_name
