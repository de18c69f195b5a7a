"""Contracts brought into the platform: rows whose columns are the API's own parameter names, one call or two a row.

A column `customer[NAME]` is a parameter of `POST /customers`, a column `subscription[NAME]` one of
`POST /customers/{id}/import_for_items` (`subscription[subscription_items][item_price_id][0]`). Rows with one
`customer[id]` make that customer once. Nothing is read into a row: what the platform refuses, it refuses in its words.
"""

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.world import Reply

Row = Mapping[str, str]
Progress = Callable[[int], None]  # rows done

CUSTOMER, SUBSCRIPTION = "customer[", "subscription["


class Poster(Protocol):
    """What importing needs of the platform's driver."""

    async def post(self, path: str, fields: Mapping[str, str]) -> Reply:
        """One call; its answer, whatever it says."""
        ...


@dataclass
class Imported:
    """What was made, and which rows were refused: `refused` holds sentences with the row's number from 1."""

    customers: int = 0
    subscriptions: int = 0
    refused: list[str] = field(default_factory=list)


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file; ValueError names the first thing that is wrong with it."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file, strict=True)
        names = reader.fieldnames or []
        strange = [name for name in names if not (name or "").startswith((CUSTOMER, SUBSCRIPTION))]
        if strange:
            raise ValueError(f"column '{strange[0]}' begins with neither {CUSTOMER} nor {SUBSCRIPTION}")
        if "customer[id]" not in names:
            raise ValueError("there is no column 'customer[id]'")
        try:
            rows = list(reader)
        except csv.Error as error:
            raise ValueError(f"line {reader.line_num}: {error}") from error
    short = next((number for number, row in enumerate(rows, 2) if None in row or None in row.values()), None)
    if short is not None:
        raise ValueError(f"line {short}: not as many cells as columns")
    return rows


def parameters(row: Row, prefix: str) -> dict[str, str]:
    """One call's parameters: `prefix` goes, and the first pair of brackets with it; blank cells are left out."""
    found = {}
    for name, value in row.items():
        if name.startswith(prefix) and value != "":
            inner, _, rest = name.removeprefix(prefix).partition("]")
            found[inner + rest] = value
    return found


async def import_rows(poster: Poster, rows: Iterable[Row], progress: Progress = lambda _done: None) -> Imported:
    """Make customers and subscriptions; a row that is refused is noted, and the next one goes on."""
    done = Imported()
    known: set[str] = set()
    for number, row in enumerate(rows, 1):
        key = row.get("customer[id]", "")
        if key not in known:
            reply = await poster.post("/customers", parameters(row, CUSTOMER))
            if reply.status != 200:
                done.refused.append(f"row {number}: customer {key}: {_said(reply)}")
                continue
            known.add(key)
            done.customers += 1
        held = parameters(row, SUBSCRIPTION)
        if held:
            reply = await poster.post(f"/customers/{key}/import_for_items", held)
            if reply.status == 200:
                done.subscriptions += 1
            else:
                done.refused.append(f"row {number}: subscription of {key}: {_said(reply)}")
        progress(number)
    return done


def _said(reply: Reply) -> str:
    try:
        answer = json.loads(reply.body)
        return f"{answer['api_error_code']}: {answer['message']}"
    except (ValueError, KeyError, TypeError):
        return f"HTTP {reply.status}"
