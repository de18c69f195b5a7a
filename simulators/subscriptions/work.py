"""One unit of work at one instant: what it read, what it changes, and the events it makes."""

from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import orjson

from simulators.kit.chance import Chance
from simulators.kit.jobs import Jobs
from simulators.kit.outbox import Outbox
from simulators.kit.store import Doc, Store
from simulators.kit.tables import Apart
from simulators.subscriptions.errors import not_found
from simulators.subscriptions.events import Publisher
from simulators.subscriptions.rules_terms import Calendar

SITE_DEFAULTS: Doc = {
    "id": "site", "name": "windtunnel-test", "timezone": "UTC", "proration": "millisecond", "tax_rounding": "per_line",
    "invoice_prefix": "", "dunning_days": [2, 4, 7], "currency_code": "USD",
    "chargeback": "credit",  # credit: credit note and refund; reopen: a reversal, and the invoice is open again
    "dunning_outcome": "not_paid",  # once retries are used up; or cancel: the subscription ends too
    "billing_date": None, "billing_month": None,  # calendar billing: terms begin on this day, yearly ones in this month
    "consolidated_invoicing": False, "consolidation_separates": [],  # what else must be alike: po_number, …
    "backdating_days": 366,  # how far in the past a start, change or cancellation may be dated
    "clock": "own",  # whose time a Time Machine moves: this process's, or the sandbox's, which then moves all systems
    "renewal_reminder_days": None,  # so many days before a term begins subscription_renewal_reminder is told
    "usage_close_days": None,  # a bill of metered items waits so long for late usage; 0: not at all, None: for a person
}  # fmt: skip


_INITIAL = itemgetter(0)
DRAWS_MAX = 10_000  # ids drawn in one unit of work before it takes another number


class Parts:
    """What every unit of work of one platform stands on."""

    def __init__(self, store: Store, chance: Chance, jobs: Jobs, outbox: Outbox) -> None:
        self.store, self.chance, self.jobs = store, chance, jobs
        self.publisher = Publisher(store, outbox)


@dataclass(frozen=True)
class Rehearsal:
    """How an estimate plays: whether the customer's credits and excess payments are used on its bills."""

    balances: bool = True


class Work:
    """Reads through one identity map, so that two readers hold the same document; `flush` writes what was saved.

    `at` is the instant in epoch seconds: a call's arrival or a job's due time.
    """

    def __init__(self, parts: Parts, at: float, source: str, entity: str | None = None, mute: bool = False) -> None:
        self.parts = parts
        self.store, self.jobs = parts.store, parts.jobs
        self.at = int(at)
        self.at_ms = int(at * 1_000)
        self.source, self.entity, self.mute = source, entity, mute
        self.base_url = ""  # scheme and host as the caller sees them
        self.silent = False  # a seed makes no events: what it brings was always there
        self.rehearsal: Rehearsal | None = None  # an estimate: rolled back at its end, so nobody is charged
        self.made: list[tuple[str, Doc]] = []  # the documents that this unit brought into the world
        self._held: dict[tuple[str, str], Doc] = {}
        self._dirty: dict[tuple[str, str], Doc] = {}
        self._stood: dict[tuple[str, str], Apart] = {}  # what the store has of each that it holds
        self._site: Doc | None = None
        self._number, self._drawn = 0, 0
        self._tax_rules: dict[str | None, list[Doc]] = {}

    # -- reading ------------------------------------------------------------------------------

    @property
    def site(self) -> Doc:
        """The site's settings."""
        if self._site is None:
            self._site = SITE_DEFAULTS | next(iter(self.store.held("site")), {})
        return self._site

    @property
    def calendar(self) -> Calendar:
        """How this site counts days and terms."""
        return Calendar(self.site["timezone"], self.site["proration"] == "day")

    def get(self, kind: str, key: str | None) -> Doc | None:
        """The document with this id, or None."""
        if key is None:
            return None
        held = self._held.get((kind, key))
        if held is None:
            held = self.store.get(kind, key)
            if held is not None:
                self._held[kind, key] = held
                self._stood[kind, key] = self.store.apart(kind, held)
        return held

    def need(self, kind: str, key: str, param: str | None = None) -> Doc:
        """The document with this id, or the vendor's 404."""
        doc = self.get(kind, key)
        if doc is None:
            raise not_found(param, key)
        return doc

    def find(self, kind: str, **equals: Any) -> list[Doc]:
        """Documents by indexed fields, oldest first."""
        self.flush()
        return [self._met(kind, doc) for doc in self.store.find(kind, **equals)]

    def _met(self, kind: str, doc: Doc) -> Doc:
        key = (kind, doc["id"])
        if key not in self._held:
            self._held[key], self._stood[key] = doc, self.store.apart(kind, doc)
        return self._held[key]

    def tax_rules(self, entity_id: str | None) -> list[Doc]:
        """The seller's tax rules."""
        if entity_id not in self._tax_rules:
            self._tax_rules[entity_id] = self.store.find("tax_rule", business_entity_id=entity_id)
        return self._tax_rules[entity_id]

    # -- writing ------------------------------------------------------------------------------

    def token(self, name: str, length: int = 17) -> str:
        """A new random-looking id part; a unit draws its number once and counts on from there."""
        if not self._number:
            self._number = self.store.next("id") * DRAWS_MAX
        self._drawn += 1
        if self._drawn == DRAWS_MAX:
            self._number, self._drawn = self.store.next("id") * DRAWS_MAX, 1
        return self.parts.chance.token(name, self._number + self._drawn, length)

    def unwritten(self, kind: str) -> list[Doc]:
        """Documents of a kind that were saved and not yet written: what a query cannot see."""
        return [doc for (dirty_kind, _), doc in self._dirty.items() if dirty_kind == kind]

    @property
    def endpoints(self) -> list[Doc]:
        """The webhook endpoints, disabled ones too."""
        return self.store.held("webhook_endpoint")

    def save(self, kind: str, doc: Doc) -> Doc:
        """Change a document: a new resource_version (ms, strictly increasing) and updated_at."""
        if "resource_version" not in doc:
            self.made.append((kind, doc))
        doc["resource_version"] = max(self.at_ms, doc.get("resource_version", 0) + 1)
        doc["updated_at"] = max(self.at, doc.get("updated_at", 0))
        return self.keep(kind, doc)

    def keep(self, kind: str, doc: Doc) -> Doc:
        """Write a document without a new version."""
        key = (kind, doc["id"])
        self._held[key] = doc
        self._dirty[key] = doc
        return doc

    def remove(self, kind: str, key: str) -> None:
        """Take a document out for good (a draft that gets another id)."""
        self._held.pop((kind, key), None)
        self._dirty.pop((kind, key), None)
        self._stood.pop((kind, key), None)
        self.store.delete(kind, key)

    def flush(self) -> None:
        """Write all that was saved."""
        dirty, self._dirty = self._dirty, {}
        for (kind, key), doc in dirty.items():
            stood = self._stood.get((kind, key))
            if stood is not None:
                self._stood[kind, key] = self.store.replace(kind, doc, stood)
            elif self.store.get(kind, key) is None:
                self.store.add_new(kind, doc)
                self._stood[kind, key] = self.store.apart(kind, doc)
            else:
                self.store.put(kind, doc)

    def emit(self, event_type: str, **content: Doc | list[Doc] | None) -> None:
        """Make an event whose content is a snapshot of the documents as they are now."""
        if not self.silent:
            self.parts.publisher.publish(self, event_type, {name: shown(doc) for name, doc in content.items() if doc})
        subscription = content.get("subscription")
        if isinstance(subscription, dict) and event_type.startswith("subscription_"):
            self._tell_revenue(subscription)

    def _tell_revenue(self, subscription: Doc) -> None:
        """`mrr_updated` after the event of a subscription by which its monthly revenue is another."""
        now = subscription.get("mrr", 0)
        if subscription.get("_mrr_told", 0) == now:
            return
        subscription["_mrr_told"] = now
        self.keep("subscription", subscription)
        if not self.silent:
            customer = self.need("customer", subscription["customer_id"])
            content = {"subscription": shown(subscription), "customer": shown(customer)}
            self.parts.publisher.publish(self, "mrr_updated", content)


def shown(doc: Any) -> Any:
    """A document as the API shows it: members that begin with `_` are the platform's own."""
    if isinstance(doc, list):
        return [shown(each) for each in doc]
    if not isinstance(doc, dict):
        return doc
    if "_" in map(_INITIAL, doc):
        return {name: value for name, value in doc.items() if name[0] != "_"}
    return doc.copy()


def copied(doc: Doc) -> Doc:
    """A deep copy of a JSON document."""
    copy: Doc = orjson.loads(orjson.dumps(doc))
    return copy
