"""Tables of two columns that people write in a spreadsheet."""

import csv
from collections.abc import Iterator
from pathlib import Path

from training.errors import DatasetError
from visionflow.labels import composed


def read_table(table: Path, columns: tuple[str, str]) -> Iterator[tuple[int, str, str]]:
    """Line number and the values of both ``columns`` of a CSV file in UTF-8, `composed`.

    Raises `DatasetError` where it cannot be read, or lacks a column.
    """
    try:
        # Excel writes a byte order mark.
        with table.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            if missing := [name for name in columns if name not in (reader.fieldnames or ())]:
                raise DatasetError(
                    f"{table}: no column {' and '.join(missing)}; its first line must name the "
                    f"columns {' and '.join(columns)}"
                )
            for row in reader:
                first, second = (composed(str(row[name] or "").strip()) for name in columns)
                # A spreadsheet may end in rows without content.
                if first or second:
                    yield reader.line_num, first, second
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{table}: cannot be read as CSV in UTF-8 ({error})") from error
