"""The books of all systems in one vocabulary: accounts, deals, contracts, documents, receipts, ledger lines.

The names of things differ from system to system and from core to core. What maps them is data: the `Correlation`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from harness.deferrals import Deferral
from harness.shares import Share
from harness.tax_lines import TaxLine
from harness.usage_canon import CreditedUsage, MeteredLine, RecordedUsage, UsageEvent

DocumentKind = Literal["invoice", "credit"]


@dataclass(frozen=True)
class Correlation:
    """How a core's keys lead from one system's documents to another's. The defaults are our own core's conventions."""

    subsidiaries: Mapping[str, str] = field(default_factory=dict)  # cloud ERP subsidiary id -> entity
    company_codes: Mapping[str, str] = field(default_factory=dict)  # legacy company code -> entity
    ledgers: Mapping[str, str] = field(default_factory=dict)  # entity -> system of its ledger
    zones: Mapping[str, str] = field(default_factory=dict)  # entity -> time zone of its dates
    shadows: dict[str, str] = field(default_factory=dict)  # cloud ERP subsidiary of a dual run -> entity
    usage_note: str = "metering:"  # begins the note of a usage; the event's id follows
    months: Mapping[str, int] = field(default_factory=dict)  # product that is billed again and again -> every so many
    items: Mapping[str, str] = field(default_factory=dict)  # price of the platform -> item of the cloud ledger
    plans: frozenset[str] = frozenset()  # products whose quantity is the seats of a contract
    quoted_by_months: bool = False  # an amendment's prices are for its months, not for a billing period
    deal_types: Mapping[str, Any] = field(default_factory=lambda: {"Renewal": "renewal", "Amendment": "amendment"})
    deal_field: str = "cf_sf_opportunity"
    account_field: str = "cf_sf_account"
    deal_reference_prefix: str = "SF-"
    customer_prefix: str = "CB-"
    invoice_prefix: str = "CBINV-"
    credit_prefix: str = "CBCN-"
    moved_prefix: str = "CBMIG-"  # an invoice that carries the open item of a bill which the old ledger has posted
    moved_less: str = r"CBMIGC\d+-"  # pattern of a credit memo's key: what the old ledger did not give away of it
    migration_accounts: tuple[str, ...] = ("1990", "0000199000")  # what open items are moved through
    payment_prefix: str = "CBTXN-"
    bill_void_prefix: str = "CBVOID-"  # a credit memo that takes a voided bill back
    credit_void_prefix: str = "CBCNV-"  # an invoice that takes a voided credit note back
    platform_receipt_prefix: str = "CB:"
    cloud_receipt_prefix: str = "NS-"
    legacy_receipt_prefix: str = "L-"
    renamed: dict[str, dict[str, str]] = field(default_factory=dict)  # Salesforce object -> new field name -> the old

    def rename(self, record: str, before: str, after: str) -> None:
        """A field of Salesforce has another name now; the books are read as before."""
        known = self.renamed.setdefault(record, {})
        known[after] = known.pop(before, before)

    def receipt(self, reference: str) -> str:
        """A receipt's key as the judges write it, however the core does; '' for a text that names none."""
        for mine, ours in (
            (self.platform_receipt_prefix, "CB:"), (self.cloud_receipt_prefix, "NS-"),
            (self.legacy_receipt_prefix, "L-"),
        ):  # fmt: skip
            if reference.startswith(mine):
                return ours + reference.removeprefix(mine)
        return ""

    @classmethod
    def of_entities(
        cls, entities: Mapping[str, Mapping[str, Any]], months: Mapping[str, int] | None = None
    ) -> "Correlation":
        """From the entities of a world: {"US": {"ledger": "cloud", "subsidiary": "1"}, …}."""
        return cls(
            subsidiaries={str(facts["subsidiary"]): name for name, facts in entities.items() if "subsidiary" in facts},
            company_codes={facts["company_code"]: name for name, facts in entities.items() if "company_code" in facts},
            ledgers={name: f"erp_{facts['ledger']}" for name, facts in entities.items()},
            zones={name: facts["zone"] for name, facts in entities.items() if "zone" in facts},
            months=months or {},
        )


@dataclass(frozen=True)
class Place:
    """What of a customer decides its tax: where it is shipped to (else billed to), and its registration."""

    country: str = ""
    state: str = ""
    city: str = ""
    tax_id: str = ""


@dataclass(frozen=True)
class Account:
    """A customer as the sales system knows it."""

    id: str
    name: str
    entity: str
    place: Place = Place()
    collections: str = ""  # how it stands with what it owes
    overdue: Decimal = Decimal(0)  # major units


@dataclass(frozen=True)
class Customer:
    """A customer's master record in one system, for one entity; `account` is the sales system's id ('' if unknown)."""

    system: str
    id: str
    account: str
    entity: str
    name: str


@dataclass(frozen=True)
class Deal:
    """A won opportunity: net value in minor units, for the whole of its term.

    `recurring` is what its plan lines come to per billing period, `once` what is billed but once; a renewal or an
    amendment names the sales system's contract that it changes. `won` orders deals of one day.
    """

    id: str
    name: str
    account: str
    entity: str
    currency: str
    net: int
    closed_on: str
    lines: int
    won_at: float = 0.0  # epoch seconds; 0: not known
    kind: Literal["new", "renewal", "amendment"] = "new"
    contract: str = ""
    recurring: int = 0
    start: str = ""
    once: int = 0
    won_by: str = ""  # the row of its history that says so: times are whole seconds, ids of rows ascend
    seats: int | None = None  # of its plans; None where nobody said which products are plans
    first_won: str = ""  # day (UTC) of its first win: one that is won again has another day of closing

    @property
    def won(self) -> tuple[float, str]:
        """When it was won, among others of the same second as well."""
        return self.won_at, self.won_by


@dataclass(frozen=True)
class Contract:
    """A contract in one system; `key` is the platform's subscription id.

    The platform's say what is billed per period of `months` (`recurring`), how often still (`remaining`), and what
    will be from the term's end on; the copy in sales says what became of the renewal.
    """

    system: str
    id: str
    key: str
    deal: str
    account: str
    currency: str
    start: str
    end: str
    status: str
    value: int | None = None
    entity: str = ""
    quantity: int | None = None
    months: int = 0
    recurring: int = 0
    remaining: int = 0
    next_recurring: int = 0
    scheduled: bool = False
    renews: bool = False
    running: bool = False  # a contract term is in force
    renewal: str = ""
    billing: str = ""


@dataclass(frozen=True)
class Milestone:
    """A part of a deal's work as sales has it; net, in minor units."""

    id: str
    name: str
    deal: str
    amount: int
    accepted: bool


@dataclass(frozen=True)
class Term:
    """A contract term of the platform; days of its site, value net."""

    id: str
    subscription: str
    start: str
    end: str
    cycles: int
    value: int
    status: str


@dataclass(frozen=True)
class Told:
    """What sales is told of a change of a contract: `origin` is sales or platform."""

    id: str
    key: str
    contract: str
    kind: str
    origin: str
    deal: str
    quantity: int
    on: str


@dataclass(frozen=True)
class Document:
    """An invoice or credit note as one system's books hold it; amounts in minor units, credits positive.

    `key` is the number of the bill that it stands for, '' for a document born elsewhere.
    """

    system: str
    id: str
    key: str
    kind: DocumentKind
    account: str
    entity: str
    currency: str
    net: int
    tax: int
    gross: int
    open: int
    date: str
    due: str
    status: str
    deal: str = ""
    lines: int = 0
    codes: tuple[str, ...] = ()  # a ledger's tax codes, each once
    place: Place | None = None  # a bill's own
    at: float = 0.0  # when it was entered there, epoch seconds; 0: not known
    final_at: float = 0.0  # a bill: when it became final, whatever its date says
    subscription: str = ""  # a copy in sales: that of the contract it stands under
    starts: str = ""  # a bill: day on which its youngest service period begins; a credit note: its day at the site
    reason: str = ""
    metered: int = 0  # what of the net is usage
    of: str = ""  # a credit note: the bill that it was issued for
    applied: tuple[tuple[str, int], ...] = ()  # a credit note: which bills it settles
    booked_in: str = ""  # first day of the ledger's month, if that is not the one of its date
    memo: str = ""
    milestone: str = ""  # a bill: the part of a deal that it is for
    products: frozenset[str] = frozenset()  # a bill: what its lines are for, as they name it
    issued: str = ""  # a bill that was moved with its contract, and its notes: the account that it was issued to
    po: str = ""  # the customer's purchase order
    items: tuple[tuple[str, int], ...] = ()  # net by the ledger's item, where that is known
    units: tuple[tuple[str, int], ...] = ()  # quantity by the ledger's item, likewise
    posted_as: str = ""  # a copy in sales: the ledger's document that it names
    shares: tuple[Share, ...] = ()  # of several contracts: whose it is; `subscription` and `deal` say nothing

    @property
    def posted_to(self) -> str:
        """The account for which a ledger has a bill or note: a posting is a fact, and no move changes it.

        https://apidocs.chargebee.com/docs/api/subscriptions/move-a-subscription
        """
        return self.issued or self.account

    @property
    def deals(self) -> tuple[str, ...]:
        """The deals that it bills, each once."""
        return tuple(dict.fromkeys(one for one in (self.deal, *(share.deal for share in self.shares)) if one))


@dataclass(frozen=True)
class Cleared:
    """What a ledger has cleared of a bill's open item, or of cash on account, that goes to another; minor units.

    `open`: of the document that cleared it, should what it cleared have been taken back since.
    """

    system: str
    id: str
    key: str
    entity: str
    currency: str
    amount: int
    at: float = 0.0  # epoch seconds: when it was entered
    open: int = 0


@dataclass(frozen=True)
class Receipt:
    """A payment as one system holds it; money that went back (a refund, a reversal) has a minus.

    `key` names its birth: CB:<txn>, NS-<id> or L-<company>-<year>-<number>. `discount`: what the ledger wrote off with
    it; `source`: the payment that a refund of the platform names.
    """

    system: str
    id: str
    key: str
    account: str
    entity: str
    currency: str
    amount: int
    date: str
    applied: tuple[tuple[str, int], ...] = ()  # (bill, or credit note that is paid out; minor units)
    discount: int = 0
    source: str = ""

    @property
    def loose(self) -> int:
        """What of it is set against nothing."""
        return self.amount + self.discount - sum(amount for _, amount in self.applied)


@dataclass(frozen=True)
class LedgerLine:
    """One side of a posting: debit positive, credit negative; `receivable` marks the control account.

    `local` is the same in minor units of the entity's own currency.
    """

    system: str
    entity: str
    currency: str
    document: str
    account: str
    receivable: bool
    amount: int
    period: str
    local: int = 0
    deferred: bool = False  # an account of deferred revenue


@dataclass
class Canon:
    """All books of one instant."""

    accounts: dict[str, Account] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)  # account that is gone -> the one that it was merged into
    customers: list[Customer] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)
    contracts: list[Contract] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    lost: list[Deal] = field(default_factory=list)  # renewals alone
    not_won: list[Deal] = field(default_factory=list)  # renewals and amendments: open, lost, or won once and set back
    shown: dict[str, str] = field(default_factory=dict)  # opportunity, won or not -> its sync status
    documents: list[Document] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    ledger: list[LedgerLine] = field(default_factory=list)
    deferrals: list[Deferral] = field(default_factory=list)
    declared: list[TaxLine] = field(default_factory=list)  # by both ledgers, to the tax offices
    shared: dict[str, list[tuple[str, int, int]]] = field(default_factory=dict)  # in sales: bill -> contract, net, tax
    services: dict[str, set[tuple[str, str, int]]] = field(default_factory=dict)  # bill -> its lines' days and net
    moved: list[Document] = field(default_factory=list)  # what a ledger carries of bills that another one posted
    cleared: list[Cleared] = field(default_factory=list)  # what a ledger has given away of its bills
    taken_back: set[str] = field(default_factory=set)  # voided bills that a ledger took back which had not posted them
    usage: list[UsageEvent] = field(default_factory=list)
    recorded: list[RecordedUsage] = field(default_factory=list)
    metered: list[MeteredLine] = field(default_factory=list)
    credited_usage: list[CreditedUsage] = field(default_factory=list)
    shadow: "Canon | None" = None  # what stands in the cloud ERP for comparison alone
    unread: list[str] = field(default_factory=list)  # rows that could not be understood: a verdict may not ignore them

    def survivor(self, account: str) -> str:
        """The account under which sales sees another one's documents."""
        while account in self.merged:
            account = self.merged[account]
        return account

    def of(self, system: str) -> list[Document]:
        """Documents in one system's books."""
        return [document for document in self.documents if document.system == system]

    def bills(self) -> list[Document]:
        """What the platform has issued: everything but pending and voided."""
        return [bill for bill in self.of("subscriptions") if bill.status not in ("pending", "voided")]

    def postings(self) -> list[Document]:
        """What the ledgers hold."""
        return [document for document in self.documents if document.system in ("erp_cloud", "erp_legacy")]

    def carried(self) -> dict[str, int]:
        """Bill -> what is open of it in a ledger that has not posted it."""
        sums: dict[str, int] = {}
        for one in self.moved:
            sums[one.key] = sums.get(one.key, 0) + one.open
        return sums

    def receipts_of(self, *systems: str) -> list[Receipt]:
        """Payments in the books of the given systems."""
        return [receipt for receipt in self.receipts if receipt.system in systems]
