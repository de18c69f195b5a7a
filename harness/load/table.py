"""CSV files as people export them, read row by row with the place of every cell known."""

import csv
from dataclasses import dataclass
from pathlib import Path

from harness.load.mapping import Mapping


class TableError(ValueError):
    """A file that is no table at all; the message names file and line."""


@dataclass(frozen=True)
class Row:
    """One data row: its cells by column name, and the line on which it ends in the file."""

    file: str
    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Table:
    """A file's columns and rows; `damaged` lists rows with too few or too many cells as (line, reason)."""

    file: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    damaged: tuple[tuple[int, str], ...]


def read_table(path: Path, mapping: Mapping) -> Table:
    """Read one CSV file; TableError when it is empty, unreadable, not in the encoding, or its header is unusable."""
    rows: list[Row] = []
    damaged: list[tuple[int, str]] = []
    try:
        with path.open(encoding=mapping.encoding, newline="") as stream:
            reader = csv.reader(stream, delimiter=mapping.delimiter, strict=True)
            header = next(reader, None)
            if not header:
                raise TableError(f"{path.name}: is empty; a header line is needed")
            columns = tuple(name.strip() for name in header)
            if len(set(columns)) != len(columns):
                raise TableError(f"{path.name}:1: a column name occurs twice in {', '.join(columns)}")
            for cells in reader:
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) != len(columns):
                    damaged.append((reader.line_num, f"{len(cells)} cells where the header has {len(columns)}"))
                    continue
                values = {name: cell.strip() for name, cell in zip(columns, cells, strict=True)}
                rows.append(Row(path.name, reader.line_num, values))
    except OSError as error:
        raise TableError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise TableError(f"{path.name}: is not {mapping.encoding}: byte {error.start} ({error.reason})") from error
    except csv.Error as error:
        raise TableError(f"{path.name}: line {reader.line_num}: {error}") from error
    return Table(path.name, columns, tuple(rows), tuple(damaged))
