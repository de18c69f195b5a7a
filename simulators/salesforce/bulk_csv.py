"""CSV as the Bulk APIs read and write it (pure): six delimiters, two line ends, every value quoted."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from simulators.kit.fidelity import approximate, exact

exact(
    "bulk CSV: a line end other than the job's, an unknown or doubled column and bytes that are no UTF-8 fail the job",
    source="reported",
    held_by="test_bulk, test_bulk_fuzz",
)
approximate(
    "a cell of more than 16 MB", "fails the whole job; a shorter one fails its row with the field's own limit",
    source="ours",
)  # fmt: skip
approximate("a bulk row with more or fewer cells than the header", "fails the whole job before any row is written")

DELIMITERS = {"COMMA": ",", "TAB": "\t", "PIPE": "|", "SEMICOLON": ";", "CARET": "^", "BACKQUOTE": "`"}
LINE_ENDS = {"LF": "\n", "CRLF": "\r\n"}
NULL = "#N/A"
BLOCK = 1_000  # rows in one block of a stream

csv.field_size_limit(16 * 1024 * 1024)


class BadCsv(ValueError):
    """Not a CSV that the job said it would be."""


def decoded(data: bytes) -> str:
    """The text of an upload; BadCsv when it is no UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadCsv(f"InvalidBatch : The data is not UTF-8: {error.reason} at byte {error.start}") from error


def rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """All rows, the header first; empty lines are skipped."""
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=DELIMITERS[delimiter]):
        if row:
            yield row


def checked(text: str, delimiter: str, line_end: str | None = None) -> list[str]:
    """The header, once the whole text has been seen to be sound; BadCsv says what is wrong with it."""
    if line_end is not None:
        _check_line_end(text, line_end)
    try:
        table = rows(text, delimiter)
        header = [name.strip() for name in next(table, [])]
        if not header:
            raise BadCsv("InvalidBatch : The batch has no header row")
        for number, row in enumerate(table, 1):
            if len(row) != len(header):
                message = f"The number of columns in row {number} is {len(row)}, and the header has {len(header)}"
                raise BadCsv(f"InvalidBatch : {message}")
    except csv.Error as error:
        raise BadCsv(f"InvalidBatch : {error}") from error
    folded = [name.lower() for name in header]
    if len(set(folded)) < len(folded):
        doubled = next(name for place, name in enumerate(header) if name.lower() in folded[:place])
        raise BadCsv(f"InvalidBatch : Duplicate field name found : {doubled}")
    return header


def _check_line_end(text: str, line_end: str) -> None:
    """The header's end must be the one that the job names."""
    first = text.find("\n")
    given = "CRLF" if text[max(first - 1, 0) : first] == "\r" else "LF"
    if first >= 0 and given != line_end:
        message = f"LineEnding is invalid on user data. Current LineEnding setting is {line_end}"
        raise BadCsv(f"ClientInputError : {message}")


def blocks(table: Iterable[Sequence[Any]], delimiter: str, line_end: str) -> Iterator[bytes]:
    """Rows with every value quoted, as result files are, a thousand at a time."""
    table = iter(table)
    while some := list(islice(table, BLOCK)):
        out = io.StringIO(newline="")
        csv.writer(
            out, delimiter=DELIMITERS[delimiter], lineterminator=LINE_ENDS[line_end], quoting=csv.QUOTE_ALL
        ).writerows([[cell(value) for value in row] for row in some])
        yield out.getvalue().encode("utf-8", "replace")


def cell(value: Any) -> str:
    """A value in a result file: nulls empty, moments in Zulu time."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"{value[:-5]}Z" if len(value) == 28 and value.endswith(".000+0000") else value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
