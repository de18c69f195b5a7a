"""Load a world's rows: sObjects in dependency order, aliases instead of ids, the ordinary rules in force."""

from collections.abc import Mapping
from typing import Any

from simulators.kit.system import SeedError
from simulators.salesforce.commit import Writer
from simulators.salesforce.errors import ApiError
from simulators.salesforce.intake import Writing
from simulators.salesforce.state import OrgState

ALIAS = "@"


def load(org: OrgState, data: Mapping[str, Any], at: float) -> dict[str, int]:
    """Insert `{"<sObject>": [rows…]}`; a row's "@" names it, and "@name" as a value is that row's id.

    Rows go through the commit pipeline; they may also set what the API keeps read-only, and a contract may be
    born activated. Returns how many of each object; SeedError names the row that cannot be held.
    """
    writer = Writer(org, Writing(at, org.user_id, relaxed=True))
    ids = {"@standard_pricebook": org.standard_pricebook_id, "@user": org.user_id}
    counts: dict[str, int] = {}
    with org.store.transaction():
        for name, rows in data.items():
            spec = org.schema.get(name)
            if spec is None:
                raise SeedError(f"{name}: no such object in the org's schema")
            if not isinstance(rows, list):
                raise SeedError(f"{name}: expected a list of rows")
            for number, row in enumerate(rows):
                place = f"{name}[{number}]"
                if not isinstance(row, Mapping):
                    raise SeedError(f"{place}: expected a row of fields")
                values = {key: _resolved(value, ids, place) for key, value in row.items() if key != ALIAS}
                try:
                    record_id = writer.insert(spec, values)
                except ApiError as error:
                    raise SeedError(f"{place}: {error}") from error
                if ALIAS in row:
                    ids[f"@{row[ALIAS]}"] = record_id
            counts[spec.name] = len(rows)
    return counts


def _resolved(value: Any, ids: dict[str, str], place: str) -> Any:
    if not isinstance(value, str) or not value.startswith(ALIAS):
        return value
    if value not in ids:
        raise SeedError(f"{place}: {value} is not the alias of an earlier row")
    return ids[value]
