"""Tables that people write, or open, in a spreadsheet."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from training.errors import DatasetError
from visionflow.labels import composed

# What a spreadsheet runs as a formula begins so, in Japanese ones also with wide signs.
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = r"[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]"


def safe_cell(text: str) -> str:
    """``text`` as a cell that no spreadsheet runs."""
    return f"'{text}" if re.match(_FORMULA, text) else text


def cell_text(cell: str) -> str:
    """What `safe_cell` made ``cell`` of."""
    return cell[1:] if re.match(f"'{_FORMULA}", cell) else cell


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
