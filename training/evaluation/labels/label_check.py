"""Cross-validate a dataset and list the labels that are more likely wrong than right."""

from pathlib import Path

import numpy as np
from PIL import Image

from training.data.grouping.scene_features import scene_features
from training.data.listing import Int64Array, Listing, joined
from training.data.training_data import TrainingData
from training.errors import DatasetError
from training.evaluation.labels.cross_validation import fold_scores, out_of_fold
from training.evaluation.labels.label_noise import fit_label_noise
from training.evaluation.labels.linear_head import Float32Array
from training.evaluation.unknown.familiar import drawn_evenly
from training.results.data_url import data_url
from training.results.findings import THUMBNAIL_SIDE
from training.results.labels import LabelCheck, SuspectLabel
from visionflow.errors import ImageError
from visionflow.images.pipeline import decode
from visionflow.sentences import say

MOST_SUSPECTS = 100
MOST_IMAGES = 10_000
"""Of larger sets so many are checked, as many of each class: they train ten linear heads."""


def check_run(data: TrainingData) -> LabelCheck:
    """Check the images of a run, at most `MOST_IMAGES`, with thumbnails of the suspects."""
    parts = data.splits.parts
    every = joined(tuple(parts.values()))
    drawn = drawn_evenly(every.targets, MOST_IMAGES, data.splits.seed)
    listing = every.subset(drawn)
    try:
        if len(drawn) < len(every) and not data.embedded:
            features = scene_features(listing, data.cache)
        else:
            found = data.scene_features
            features = np.concatenate([found[name] for name in parts])[drawn]
    except DatasetError as error:
        # A file that was there when the run began; that does not make its results wrong.
        return LabelCheck(str(error), None, (), 0)
    groups = np.concatenate([data.group_numbers[name] for name in parts])
    return check_labels(listing, features, groups[drawn], thumbnails=True)


def check_labels(
    listing: Listing, features: Float32Array, groups: Int64Array, *, thumbnails: bool = False
) -> LabelCheck:
    """Check the listed images with ``features`` [N, F] and group numbers ``groups`` [N].

    Suspects come from folds that keep groups together: an image's near duplicates, whose label may
    be wrong as well, do not vouch for it.
    """
    # A class may be listed and have no image.
    present, targets = np.unique(listing.targets, return_inverse=True)
    labels = [listing.labels[i] for i in present]
    grouped = out_of_fold(features, targets, groups)
    if len(np.unique(targets[grouped.measured])) < 2:
        return LabelCheck(say("too_few_scenes"), None, (), 0)
    scores = fold_scores(grouped, out_of_fold(features, targets, None), targets, groups)
    measured = np.flatnonzero(grouped.measured)
    noise = fit_label_noise(grouped.logits[measured], targets[measured])
    # Answers that are no better than always the commonest label accuse no label.
    informed = scores.grouped_interval.low > np.bincount(targets[measured]).max() / len(measured)
    suspects = noise.suspects if informed else noise.suspects[:0]

    def suspect(index: int) -> SuspectLabel:
        image = int(measured[index])
        row = noise.probabilities[index]
        suggested = int(row.argmax())
        return SuspectLabel(
            file=listing.files[image],
            label=labels[targets[image]],
            suggested=labels[suggested],
            confidence=float(row[targets[image]]),
            suggested_confidence=float(row[suggested]),
            image=thumbnail(listing.path(image)) if thumbnails else None,
        )

    return LabelCheck(
        skipped=None,
        scores=scores,
        suspects=tuple(suspect(i) for i in suspects[:MOST_SUSPECTS]),
        suspect_count=len(suspects),
    )


def thumbnail(path: Path) -> str | None:
    """A small JPEG of a file as data URL; None for one that cannot be read any more."""
    try:
        image = decode(path.read_bytes()).upright()
    except (OSError, ImageError):
        return None
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BICUBIC)
    return data_url(np.asarray(image))
