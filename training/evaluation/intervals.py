"""How sure a score is where images come in groups: several shots of one scene count little more
than one."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from training.data.listing import Int64Array
from training.results.scores import Interval
from visionflow.insights.intervals import share

Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

DRAWS = 1_000
# With fewer, the bootstrap's intervals are too narrow, and a score means little.
FEW_GROUPS = 30
_SEED = 1
# Numbers in memory at a time.
_CHUNK = 4_000_000


def count_groups(images: int, groups: Int64Array | None) -> int:
    """``groups``: the group of each of ``images`` images, None where each is its own."""
    return images if groups is None else len(np.unique(groups))


def share_interval(correct: BoolArray, groups: Int64Array | None = None) -> Interval:
    """Of the share of ``correct`` [N], for images in ``groups`` [N].

    Wilson's interval where every image is its own group, else the percentiles of a bootstrap of
    whole groups (Field & Welsh 2007, https://doi.org/10.1111/j.1467-9868.2007.00593.x). Where that
    cannot vary, since every image is right, or none, Wilson's with the number of groups.
    """
    count = count_groups(len(correct), groups)
    if groups is None or count == len(correct):
        return _wilson(int(correct.sum()), count)
    if correct.all() or not correct.any():
        return _wilson(count if correct.all() else 0, count)
    table = _per_group(np.stack([correct, np.ones(len(correct))], axis=1), groups)
    shares = np.concatenate([drawn[:, 0] / drawn[:, 1] for drawn in _bootstrap(table)])
    return Interval(*_percentiles(shares))


def difference_interval(before: BoolArray, after: BoolArray, groups: Int64Array) -> Interval:
    """Of the share of ``after`` [N] less the share of ``before`` [N], two answers to each image.

    Percentiles of a bootstrap of whole ``groups`` [N]. Where that cannot vary, since the difference
    is the same in each group, Newcombe's hybrid of Wilson's intervals with the number of groups
    (1998, https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8%3C873::AID-SIM779%3E3.0.CO;2-I).
    """
    rows = np.stack([after.astype(float) - before, np.ones(len(after))], axis=1)
    table = _per_group(rows, groups)
    if np.ptp(table[:, 0] / table[:, 1]) > 0:
        drawn = [draws[:, 0] / draws[:, 1] for draws in _bootstrap(table)]
        return Interval(*_percentiles(np.concatenate(drawn)))
    count = len(table)
    old, new = float(before.mean()), float(after.mean())
    was, now = (_wilson(round(share * count), count) for share in (old, new))
    return Interval(
        new - old - float(np.hypot(new - now.low, was.high - old)),
        new - old + float(np.hypot(now.high - new, old - was.low)),
    )


def surplus_interval(
    surplus: Float64Array, place: Int64Array, places: int, groups: Int64Array | None = None
) -> Interval:
    """Of an expected calibration error: the absolute sums of ``surplus`` [N] (confidence less
    correct) over each bin ``place`` [N], added up and divided by N.

    Chance alone makes this error positive, and even more so in a bootstrap's draws. So the lower
    bound is the pivotal one (Davison & Hinkley 1997, section 5.2), less once more what the draws
    exceed the measured error by: else the interval of a calibrated model would rarely reach 0. The
    upper bound is that of the percentiles, since the pivotal one is too low for an error near 0.
    """
    count = len(surplus)
    rows = np.zeros((count, places + 1))
    rows[np.arange(count), place] = surplus
    rows[:, places] = 1
    table = _per_group(rows, np.arange(count) if groups is None else groups)
    measured = float(np.abs(table[:, :places].sum(axis=0)).sum() / count)
    errors = np.concatenate(
        [np.abs(drawn[:, :places]).sum(axis=1) / drawn[:, places] for drawn in _bootstrap(table)]
    )
    _, high = _percentiles(errors)
    excess = max(float(errors.mean()) - measured, 0.0)
    low = float(np.clip(2 * measured - high - excess, 0, measured))
    return Interval(low, max(high, measured))


def _bootstrap(table: Float64Array) -> Iterator[Float64Array]:
    """Sums [D, K] over groups that are drawn with replacement from ``table`` [G, K], in chunks of D
    draws; `DRAWS` in all."""
    count = len(table)
    generator = np.random.default_rng(_SEED)
    at_once = max(1, min(DRAWS, _CHUNK // count))
    for start in range(0, DRAWS, at_once):
        draws = min(at_once, DRAWS - start)
        drawn = generator.integers(0, count, (draws, count))
        drawn += count * np.arange(draws)[:, None]
        times = np.bincount(drawn.ravel(), minlength=draws * count).reshape(draws, count)
        yield times @ table


def _per_group(rows: Float64Array, groups: Int64Array) -> Float64Array:
    """The sums of ``rows`` [N, K] over each group: [G, K]."""
    _, index = np.unique(groups, return_inverse=True)
    sums = np.zeros((int(index.max()) + 1, rows.shape[1]))
    np.add.at(sums, index, rows)
    return sums


def _percentiles(values: Float64Array) -> tuple[float, float]:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def _wilson(correct: int, count: int) -> Interval:
    found = share(correct, count)
    return Interval(found.low, found.high)
