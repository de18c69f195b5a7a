"""A line of the tax report: what a ledger declares of one posted document by one tax code."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TaxLine:
    """One tax code of one posted document; base and tax in minor units of the currency, credits negative.

    `on` is the tax point, `rate` in percent as the ledger writes it, `number` the bill's ('' for one not born here).
    `local_*`: the same in the entity's own currency, at the rate by which the ledger has booked the document.
    """

    entity: str
    on: str
    ledger: str
    currency: str
    code: str
    rate: str
    document: str
    number: str
    kind: str
    base: int
    tax: int
    local_currency: str = ""
    local_base: int = 0
    local_tax: int = 0

    @property
    def period(self) -> str:
        """The month of the tax point: 2026-02."""
        return self.on[:7]
