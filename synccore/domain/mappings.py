"""The shapes of what people configure without code: entities, items, tax treatments, policies."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, TypeVar, cast
from zoneinfo import available_timezones

import orjson
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Mapping(BaseModel):
    """A mapping as a person writes it: unknown members are refused, so that a typing error is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")


M = TypeVar("M", bound=Mapping)
Ledger = Literal["cloud", "legacy"]


def read(kind: type[M], content: Any) -> M:
    """A mapping as it is stored (JSON values); raises ValidationError. Like content is validated once a process."""
    return cast(M, _read(kind, orjson.dumps(content)))


@lru_cache(maxsize=4096)
def _read(kind: type[Mapping], content: bytes) -> Mapping:
    return kind.model_validate(orjson.loads(content))


@dataclass(frozen=True)
class Business:
    """What a document is about, as far as a migration asks: the country (ISO 3166) of the address that decides its tax,
    and the product lines of what it sells, '' for products of none.
    """

    country: str
    lines: frozenset[str] = frozenset()


class Wave(Mapping):
    """A part of an entity's business that goes to the new ledger before the rest: documents dated `on` or later for
    these `countries`, of these `product_lines`; for all, where none is named.
    """

    on: date
    countries: tuple[str, ...] = ()
    product_lines: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _part(self) -> "Wave":
        if not (self.countries or self.product_lines):
            raise ValueError("a wave says which countries or product lines go; all of them are the cutover itself")
        return self

    def takes(self, day: date, business: Business | None) -> bool:
        """Does it take this along? What is not known stays, and so does a bill of several product lines that do not all
        go: it is one document, and has one ledger.
        """
        if business is None or day < self.on or (self.countries and business.country not in self.countries):
            return False
        return not self.product_lines or (bool(business.lines) and business.lines <= set(self.product_lines))


class Cutover(Mapping):
    """An entity moves to another ledger: documents dated `on` or later belong to it, in the entity's own days.

    What was posted before stays where it is (run-off): credits and payments follow the document. Taken back by `until`:
    documents from that day on belong to the old ledger again, and what the new one has by then is run off there.
    Dual run: bills and credit notes dated from `dual_from` until the cutover are posted in the new ledger as well, for
    comparison alone, in a subsidiary of their own (`shadow`), so that no tax report and no balance counts them.
    `open_items`: what is still open on the day stays where it is (`run_off`), or goes to the cloud ledger one by one
    (`transfer`), so that later credits and payments do as well. That way alone: a migration loads into the cloud ledger
    and clears in the legacy one. Back again an item would have to be opened under its own number, which the legacy
    ledger has given away already and refuses as a duplicate (Z1 010); so when a move is taken back, what has gone over
    (or is loaded, and about to be cleared) is run off in the cloud ledger, and nothing else goes.

    `waves`: parts of the entity's business that go before the rest of it; what is open of them is run off.
    """

    ledger: Ledger
    on: date
    until: date | None = None
    dual_from: date | None = None
    shadow: str = ""
    open_items: Literal["run_off", "transfer"] = "run_off"
    waves: tuple[Wave, ...] = ()

    @model_validator(mode="after")
    def _forward(self) -> "Cutover":
        begins = min(self.dual_from or self.on, *(wave.on for wave in self.waves), self.on)
        if self.until is not None and self.until < begins:
            raise ValueError(f"a cutover on {begins} cannot be taken back on {self.until}, which is before it")
        if (self.dual_from is None) != (not self.shadow):
            raise ValueError("a dual run needs its first day (dual_from) and a subsidiary of its own (shadow)")
        if self.dual_from is not None and (self.ledger != "cloud" or self.dual_from >= self.on):
            raise ValueError("a dual run goes to the cloud ledger, and begins before the cutover")
        if self.open_items == "transfer" and self.ledger != "cloud":
            reason = "the legacy ledger opens no item a second time under a bill's number (Z1 010): choose run_off"
            raise ValueError(f"open items are transferred to the cloud ledger alone; {reason}")
        if any(wave.on >= self.on for wave in self.waves):
            raise ValueError(f"a wave goes before the rest, which goes on {self.on}")
        if self.waves and self.shadow:
            raise ValueError("a dual run compares the whole entity: it has no waves")
        return self

    def holds(self, day: date, business: Business | None) -> bool:
        """Does a new document of that day and business belong to the new ledger?"""
        if self.until is not None and day >= self.until:
            return False
        return day >= self.on or any(wave.takes(day, business) for wave in self.waves)

    def transfers(self, day: date) -> bool:
        """Do open items of the old ledger go to the new one on that day?"""
        return self.open_items == "transfer" and self.on <= day and (self.until is None or day < self.until)

    def doubles(self, day: date) -> bool:
        """Is a document of that day posted in the new ledger too, for comparison?"""
        if self.dual_from is None:
            return False
        return self.dual_from <= day < min(self.on, self.until or self.on)


class Entity(Mapping):
    """A legal entity of the seller and the ledger that owns it, or did until its cutover."""

    name: str
    currencies: tuple[str, ...] = Field(min_length=1)
    ledger: Ledger
    cutover: Cutover | None = None
    country: str = ""
    zone: str = "UTC"
    subsidiary: str = ""
    company_code: str = ""
    business_entity: str = ""

    @model_validator(mode="before")
    @classmethod
    def _one_currency(cls, data: Any) -> Any:
        if isinstance(data, dict) and "currency" in data and "currencies" not in data:
            data = {**data, "currencies": [data["currency"]]}
            del data["currency"]
        return data

    @model_validator(mode="after")
    def _routed(self) -> "Entity":
        if self.cutover is not None and self.cutover.ledger == self.ledger:
            raise ValueError(f"a cutover leads to the other ledger, and {self.ledger} is the one that the entity has")
        if "cloud" in self.ledgers and not self.subsidiary:
            raise ValueError("an entity of the cloud ledger needs its subsidiary")
        if "legacy" in self.ledgers and not self.company_code:
            raise ValueError("an entity of the legacy ledger needs its company_code")
        if self.cutover is not None and self.cutover.shadow and self.cutover.shadow == self.subsidiary:
            raise ValueError("a dual run in the entity's own subsidiary would be declared twice")
        return self

    @property
    def ledgers(self) -> tuple[Ledger, ...]:
        """All that may hold documents of the entity."""
        return (self.ledger,) if self.cutover is None else (self.ledger, self.cutover.ledger)

    def ledger_on(self, day: date, business: Business | None = None) -> Ledger:
        """The ledger that a new document of that day and business belongs to, by the entity's own calendar."""
        move = self.cutover
        return move.ledger if move is not None and move.holds(day, business) else self.ledger

    def shadow_on(self, day: date) -> str:
        """The subsidiary that a document of that day is posted in for comparison, '' for none."""
        return self.cutover.shadow if self.cutover is not None and self.cutover.doubles(day) else ""

    def within(self, ledger: Ledger) -> "Entity":
        """The entity as one of its ledgers sees it: with that one alone."""
        return self.model_copy(update={"ledger": ledger, "cutover": None})


class LegacyItem(Mapping):
    """How the legacy ledger books an item: revenue account and material number."""

    HKONT: str = Field(max_length=10)
    MATNR: str = Field(default="", max_length=18)


class Item(Mapping):
    """A product code of sales: what it is in the platform and in the ledgers. `prices`: currency -> item price id.

    A charge without a price in the deal's currency is billed ad hoc, with the line's price. An add-on is counted and
    billed like the plan that it is sold beside; a product of kind `usage` is a metered add-on: the platform prices what
    its `meter` counts. `milestones`: a charge that is billed part by part, each when the customer has accepted it.
    `product_line`: what a migration may move by itself.
    """

    kind: Literal["plan", "addon", "charge", "usage"]
    meter: str = ""
    milestones: bool = False
    product_line: str = ""
    platform_item: str = ""
    prices: dict[str, str] = Field(default_factory=dict)
    erp_item: str = ""
    legacy: LegacyItem | None = None

    @property
    def recurring(self) -> bool:
        """Is an agreed quantity of it billed with every billing term?"""
        return self.kind in ("plan", "addon")

    @model_validator(mode="after")
    def _counted(self) -> "Item":
        if (self.kind == "usage") != bool(self.meter):
            raise ValueError("a product of kind usage, and no other, names the meter that counts it")
        if self.milestones and self.kind != "charge":
            raise ValueError("what is billed by milestones is a charge")
        return self


class TaxRule(Mapping):
    """One treatment: where it holds, from when to when, its rate in per cent, and the ledgers' codes for it.

    `country` may be EU (any member state) or '*'; an empty state or city matches any. The most specific rule wins, in
    the order given. `reverse_charge`: only for a business with a valid VAT id of the member state that it sits in.
    """

    country: str
    state: str = ""
    city: str = ""
    rate: Decimal
    cloud_code: str = ""
    cloud_type: str = ""
    legacy_code: str = ""
    needs_state: bool = False
    needs_tax_id: bool = False
    reverse_charge: bool = False
    exempt_reason: str = ""
    valid_from: date | None = None
    valid_to: date | None = None


class TaxMap(Mapping):
    """The treatments of one entity."""

    rules: tuple[TaxRule, ...]


class Policy(BaseModel):
    """A policy is free in shape; each has defaults where it is used."""

    model_config = ConfigDict(extra="allow")


class ReconciliationPolicy(Mapping):
    """When all books are compared by themselves (`at`: HH:MM in `zone`, '' for on demand alone), and what is healed."""

    at: str = Field(default="", pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9])?$")
    zone: str = "UTC"
    heal: bool = False
    limit: int = Field(default=25, ge=0)

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError(f"'{zone}' is no time zone of the IANA database")
        return zone


class FieldMap(Mapping):
    """How a system's record names our fields (`names`: ours to theirs), and what it demands beyond them (`defaults`).

    `unwritten`: fields of ours that are left alone there, such as Sync_Status__c and Sync_Error__c where sales does not
    want them. `words`: by field, what the system says today: our word for it. Its key is `<system>/<record>`:
    salesforce/Opportunity, erp_cloud/invoice, subscriptions/invoice.
    """

    names: dict[str, str] = Field(default_factory=dict)
    defaults: dict[str, Any] = Field(default_factory=dict)
    unwritten: tuple[str, ...] = ()
    words: dict[str, dict[str, str]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_to_one(self) -> "FieldMap":
        twice = [name for name in self.names.values() if list(self.names.values()).count(name) > 1]
        if twice:
            raise ValueError(f"two of our fields cannot both be {twice[0]}")
        return self


# The topic that a mapping of a kind wakes begins with this word, then ':' and the key.
TOPICS = {"items": "item", "entities": "entity", "tax": "tax", "policies": "policy", "fields": "fields"}


def topics(kind: str, key: str, value: dict[str, Any]) -> list[str]:
    """What work may wait for that a mapping brings."""
    found = [f"{TOPICS[kind]}:{key}"]
    return [*found, f"meter:{value['meter']}"] if kind == "items" and value.get("meter") else found


KINDS: dict[str, type[BaseModel]] = {
    "entities": Entity, "items": Item, "tax": TaxMap, "policies": Policy, "fields": FieldMap,
}  # fmt: skip
POLICY_SHAPES: dict[str, type[BaseModel]] = {"reconciliation": ReconciliationPolicy}


def shape_of(kind: str, key: str) -> type[BaseModel]:
    """What a mapping must look like; most policies are free in shape."""
    return POLICY_SHAPES.get(key, Policy) if kind == "policies" else KINDS[kind]
