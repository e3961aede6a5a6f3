"""Which record a compared image has. Records come and go, so whoever looks at a comparison asks."""

from collections.abc import Sequence

from visionflow.backfills.comparison.view import ComparedImage
from visionflow.images.uploads import posted_id
from visionflow.predictions.record import original_key, s3_object_id
from visionflow.predictions.store import PredictionStore


def records_of(
    predictions: PredictionStore, images: Sequence[ComparedImage], own: str
) -> list[str | None]:
    """The id of each image's record. ``own``: the stage's bucket of images; those of others have
    none."""
    asked = [_ids(image, own) for image in images]
    held = predictions.held(list(dict.fromkeys(one for ids in asked for one in ids)))
    return [
        next(
            (
                one
                for one in ids
                # The last id is the image's own; an erased record has no status.
                if one in held and held[one].object_id == ids[-1] and held[one].status
            ),
            None,
        )
        for ids in asked
    ]


def _ids(image: ComparedImage, own: str) -> tuple[str, ...]:
    """Under which its record may stand: the one that its sender knows, then that of its version."""
    if image.bucket != own or image.version_id is None:
        return ()
    calls = original_key("")
    sent = image.key.removeprefix(calls) if image.key.startswith(calls) else posted_id(image.key)
    mine = s3_object_id(image.bucket, image.key, image.version_id)
    return (mine,) if sent is None else (sent, mine)
