"""When opportunities came to their stages, from the rows of their history."""

from collections.abc import Mapping
from typing import Any

Row = Mapping[str, Any]


def last_moves(history: list[Row]) -> dict[tuple[str, str], str]:
    """The last row of an opportunity's history that brought it to a stage, by opportunity and stage."""
    found: dict[tuple[str, str], str] = {}
    before: dict[str, str] = {}
    for row in sorted(history, key=lambda one: str(one["Id"])):
        if before.get(row["OpportunityId"]) != row["StageName"]:
            found[row["OpportunityId"], row["StageName"]] = row["Id"]
        before[row["OpportunityId"]] = row["StageName"]
    return found


def first_days(history: list[Row]) -> dict[tuple[str, str], str]:
    """The day on which an opportunity first came to a stage, by opportunity and `stage, first`."""
    rows = sorted(history, key=lambda one: str(one["Id"]), reverse=True)
    return {(row["OpportunityId"], f"{row['StageName']}, first"): str(row["CreatedDate"])[:10] for row in rows}
