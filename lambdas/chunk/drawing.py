"""Thumbnails of a comparison's examples, drawn when they are known.

Drawn here, where images are decoded in a process of its own and read by the backfill's role; and
at the end, because of a thousand candidates most are never shown. Records' thumbnails are drawn so
too, and an image's one and only thumbnail has the same key.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambdas.chunk.again import again
from lambdas.chunk.reading import DENIED, code_of
from lambdas.classification.decoder import Decoder
from lambdas.telemetry.log import logger
from visionflow.backfills.comparison.files import ComparisonFiles
from visionflow.backfills.comparison.thumbnails import thumbnail_of
from visionflow.backfills.comparison.view import ComparedImage
from visionflow.backfills.store import BackfillStore
from visionflow.errors import BackfillRefusedError, ImageError
from visionflow.images.input_spec import InputSpec
from visionflow.images.store import ImageStore

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# The decoder prepares an image for a model too; the smallest costs nothing.
_NO_MODEL = InputSpec(size=4, resize=4)


@dataclass(frozen=True)
class Drawer:
    """``kept``: the stage's images with their thumbnails. ``source``: the client that may read what
    a backfill's role lets it."""

    store: BackfillStore
    backfills: str
    s3: "S3Client"
    kept: ImageStore
    source: Callable[[str], "S3Client"]
    decoder: Decoder
    clock: Callable[[], float] = time.monotonic

    def draw(self, backfill_id: str, execution: int, begin: int, seconds: float) -> int | None:
        """Draw examples from number ``begin`` on, for about so many ``seconds``. The first that is
        left; None where none is, or the backfill does not want it any more.

        Raises what is wrong with the platform.
        """
        end = self.clock() + seconds
        row = self.store.get(backfill_id)
        if row.execution != execution or row.state != "running":
            return None
        comparison = ComparisonFiles(row.id, self.backfills, self.s3).read()
        examples = comparison.examples if comparison else ()
        client, theirs = self.s3, row.work.role is not None
        if row.work.role is not None:
            try:
                client = self.source(row.work.role)
            except BackfillRefusedError as error:
                # All is classified and compared by now, and says so without thumbnails.
                logger.warning("no thumbnails", extra={"reason": str(error)})
                return None
        for at in range(begin, len(examples)):
            if at > begin and self.clock() >= end:
                return at
            self._draw(client, examples[at], theirs=theirs)
        return None

    def _draw(self, client: "S3Client", image: ComparedImage, *, theirs: bool) -> None:
        """``theirs``: whoever owns the bucket may deny it by now, or have deleted it."""
        key = image.thumbnail
        if key is None or again(lambda: self.kept.found(key)) is not None:
            return
        images = ImageStore(image.bucket, client)
        try:
            found = again(lambda: images.fetch(image.key, image.version_id))
            version = image.version_id or found.etag or ""
            if thumbnail_of(image.bucket, image.key, version, self.kept.bucket) != key:
                return  # it was replaced meanwhile
            drawn = self.decoder.prepare(found.data, _NO_MODEL).thumbnail
        except ImageError as error:
            logger.info("no thumbnail", extra={"code": error.code, "of": key})
            return
        except images.refusal as error:
            if not theirs or code_of(error) not in (*DENIED, "NoSuchBucket"):
                raise
            logger.info("no thumbnail", extra={"code": code_of(error), "of": key})
            return
        version_id = self.kept.write(key, drawn, "image/jpeg")
        # An erasure deletes the image first, and may have looked for thumbnails before this one.
        if not again(lambda: images.has(image.key, image.version_id)):
            self.kept.erase(key, version_id)
