"""Which images of a dataset belong together, whatever part they lie in."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from training.data.grouping.by_rule import keys_by_rule
from training.data.grouping.captures import Capture, burst_pairs, capture_of
from training.data.grouping.duplicates import Look, look_of, near_pairs
from training.data.grouping.scene_features import scene_features
from training.data.grouping.scenes import (
    connected,
    frame_pairs,
    scene_pairs,
    similarities,
    similarity_cut,
    unit_length,
)
from training.data.image_set import decoded
from training.data.listing import Int64Array, Listing
from visionflow.images.input_spec import InputSpec
from visionflow.images.pipeline import decode

# A large JPEG is decoded at the smallest scale that a thumbnail needs.
_SMALL = InputSpec(size=64, resize=64)


@dataclass(frozen=True, eq=False)
class _Facts:
    look: Look
    capture: Capture | None


def group_images(
    parts: Mapping[str, Listing], by: str, folder: Path, cache: Path | None = None
) -> Int64Array:
    """Group numbers from 0, int64 [N], of the images of all ``parts``, one part behind the other.

    Files with the same bytes are always in one group. ``by`` is ``data.group_by``: with ``auto``
    near duplicates of any class are too, and shots of the same scene inside each class;
    ``content`` stops there, and the others add what `keys_by_rule` finds. ``folder``: the
    dataset's. With a ``cache`` folder, scene features are kept there.

    Raises `DatasetError` where `keys_by_rule` does, and with ``auto`` for a file that is not an
    image.
    """
    hashes = [content for part in parts.values() for content in part.hashes]
    found = [_same(hashes)]
    if by == "auto":
        found += _alike(parts, cache)
    elif by != "content":
        found.append(_same(keys_by_rule(parts, by, folder)))
    return connected(np.concatenate(found), len(hashes))


def _same(keys: Sequence[Hashable]) -> Int64Array:
    """Pairs [M, 2] that connect images with the same key; None is not a key."""
    first: dict[Hashable, int] = {}
    pairs = [
        (first.setdefault(key, index), index) for index, key in enumerate(keys) if key is not None
    ]
    return np.array(pairs, np.int64).reshape(-1, 2)


def _alike(parts: Mapping[str, Listing], cache: Path | None) -> list[Int64Array]:
    """Pairs [M, 2] of near duplicates, of shots of one scene, of frames and of bursts."""
    facts = list(chain.from_iterable(decoded(part, _facts) for part in parts.values()))
    features = unit_length(np.concatenate([scene_features(part, cache) for part in parts.values()]))
    targets = np.concatenate([part.targets for part in parts.values()])
    cut = similarity_cut(features, targets)
    in_time = np.concatenate(
        [
            frame_pairs([file for part in parts.values() for file in part.files]),
            burst_pairs([fact.capture for fact in facts], targets),
        ]
    )
    return [
        _near_duplicates([fact.look for fact in facts]),
        scene_pairs(features, targets, cut),
        in_time[similarities(features, in_time) >= cut],
    ]


def _facts(data: bytes) -> _Facts:
    return _Facts(look_of(decode(data, _SMALL).upright()), capture_of(data))


def _near_duplicates(looks: Sequence[Look]) -> Int64Array:
    shown = np.array([i for i, look in enumerate(looks) if not look.one_colour], np.int64)
    if len(shown) < 2:
        return np.empty((0, 2), np.int64)
    codes = np.array([looks[i].code for i in shown], np.uint64)
    return shown[near_pairs(codes, np.stack([looks[i].thumbnail for i in shown])).pairs]
