"""Dated exchange rates of one currency form a chain: each says when the next one begins to hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulators.kit.store import Doc

if TYPE_CHECKING:
    from simulators.salesforce.commit import Writer

RATE = "DatedConversionRate"


def chain(writer: Writer, new: Doc, _old: Doc | None) -> None:
    """Write NextStartDate (the day after a rate's last) along the rates of the currency; null in the last one.

    Source: object reference, DatedConversionRate.
    """
    spec = writer.org.spec(RATE)
    rates = sorted(writer.org.where(RATE, "IsoCode", new["IsoCode"]), key=lambda row: (row["StartDate"], row["Id"]))
    starts = [row["StartDate"] for row in rates]
    for row, following in zip(rates, [*starts[1:], None], strict=False):
        if row.get("NextStartDate") != following:
            writer.touch(spec, {**row, "NextStartDate": following})
