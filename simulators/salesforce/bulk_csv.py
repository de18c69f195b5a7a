"""CSV as Bulk API 2.0 reads and writes it (pure): six delimiters, two line ends, every value quoted."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

DELIMITERS = {"COMMA": ",", "TAB": "\t", "PIPE": "|", "SEMICOLON": ";", "CARET": "^", "BACKQUOTE": "`"}
LINE_ENDS = {"LF": "\n", "CRLF": "\r\n"}
NULL = "#N/A"

csv.field_size_limit(16 * 1024 * 1024)


class BadCsv(ValueError):
    """Not a CSV that the job said it would be."""


def read(data: bytes, delimiter: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows; rows of another length than the header raise BadCsv, empty lines are skipped."""
    try:
        text = data.decode("utf-8-sig")
        table = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=DELIMITERS[delimiter]) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadCsv(f"InvalidBatch : {error}") from error
    if not table:
        raise BadCsv("InvalidBatch : The batch has no header row")
    header, rows = [name.strip() for name in table[0]], table[1:]
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            message = f"The number of columns in row {number} is {len(row)}, and the header has {len(header)}"
            raise BadCsv(f"InvalidBatch : {message}")
    return header, rows


def write(rows: Iterable[Sequence[Any]], delimiter: str, line_end: str) -> bytes:
    """Rows with every value quoted, as result files are."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=DELIMITERS[delimiter], lineterminator=LINE_ENDS[line_end], quoting=csv.QUOTE_ALL)
    for row in rows:
        writer.writerow([cell(value) for value in row])
    return out.getvalue().encode()


def cell(value: Any) -> str:
    """A value in a result file: nulls empty, moments in Zulu time."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.endswith(".000+0000") and len(value) == 28:
        return f"{value[:-5]}Z"
    return str(value)
