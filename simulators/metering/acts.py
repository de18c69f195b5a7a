"""What goes wrong inside the product: rows that never passed the API, and an export that somebody edited."""

from typing import TYPE_CHECKING, Any

from simulators.kit.fidelity import approximate
from simulators.metering.rules import GIVEN
from simulators.metering.schemas import COLUMNS

if TYPE_CHECKING:
    from simulators.metering.app import Metering

approximate(
    "rows that make no sense",
    "a job of the product writes past the API (act `record_raw`), somebody edits a file (act `spoil_export`)",
    source="ours",
)


def install(system: "Metering") -> None:
    """Register the acts."""

    async def record_raw(arguments: dict[str, Any]) -> dict[str, Any]:
        """A job of the product writes past the API: any text in any member of an event."""
        unknown = sorted(set(arguments) - set(GIVEN))
        if unknown:
            raise ValueError(f"{unknown[0]} is not a member of an event: {', '.join(GIVEN)}")
        event = {name: str(arguments.get(name, "")) for name in GIVEN if name in arguments or name != "corrects"}
        with system.store.transaction():
            kept, new = system.state.record(event, system.clock.now())
        return {"id": kept["id"], "new": new}

    async def spoil_export(arguments: dict[str, Any]) -> dict[str, Any]:
        """Somebody edits a day's CSV by hand: {day, line (2 is the first event), column, text}."""
        doc = system.state.exported(arguments["day"])
        if doc is None:
            raise ValueError(f"there is no export of {arguments['day']} with events in it")
        lines = doc["text"].splitlines()
        cells = lines[arguments["line"] - 1].split(",")
        cells[COLUMNS.index(arguments["column"])] = arguments["text"]
        lines[arguments["line"] - 1] = ",".join(cells)
        with system.store.transaction():
            text = "\n".join(lines) + "\n"
            system.state.keep(doc["id"], text, system.clock.now(), doc["rows"], doc["events"])
        return {"day": doc["id"], "line": lines[arguments["line"] - 1]}

    system.acts["record_raw"] = record_raw
    system.acts["spoil_export"] = spoil_export
