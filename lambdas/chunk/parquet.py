"""Results as a Parquet file. The same results are the same bytes."""

import io
from collections.abc import Sequence
from itertools import accumulate, chain
from typing import Any

from arro3.core import Array, DataType, Table, list_array
from arro3.io import write_parquet

from visionflow.backfills.columns import COLUMNS, Kind, Result

_TYPES = {"string": DataType.utf8, "bigint": DataType.int64, "double": DataType.float64}


def parquet(results: Sequence[Result]) -> bytes:
    """One row for each result, with the columns `COLUMNS`."""
    arrays = [
        _array([getattr(result, name) for result in results], kind)
        for name, kind in COLUMNS.items()
    ]
    buffer = io.BytesIO()
    write_parquet(Table.from_arrays(arrays, names=list(COLUMNS)), buffer, compression="zstd(3)")
    return buffer.getvalue()


def _array(values: Sequence[Any], kind: Kind) -> Array:
    if not kind.startswith("array<"):
        return Array(values, type=_TYPES[kind]())
    inner = _TYPES[kind.removeprefix("array<").removesuffix(">")]()
    ends = Array([0, *accumulate(map(len, values))], type=DataType.int32())
    found: Array = list_array(ends, Array([*chain.from_iterable(values)], type=inner))
    return found
