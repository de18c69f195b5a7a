"""What can happen in a story: one model a verb, and the table of verbs."""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from harness.scenario.agreements import (
    ContractState,
    DealStep,
    EditDealStep,
    LoseStep,
    MilestoneStep,
    MoveContractStep,
    PlatformChangeStep,
    ReopenStep,
    SellManyStep,
)
from harness.scenario.bookwork import EditBookStep, Reconciled
from harness.scenario.changes import (
    ClosePeriodStep,
    ConsolidateStep,
    EditStep,
    GiveUpStep,
    LimitsStep,
    LockPeriodStep,
    MapFieldsStep,
    PermitFieldStep,
    RecognizeStep,
    RenameFieldStep,
    RenameWordStep,
    ReplayStep,
    RequireFieldStep,
    RetryStep,
    RuleStep,
    SetPolicyStep,
)
from harness.scenario.clerk import ClerkStep, LegacyPeriodStep, LegacySequenceStep
from harness.scenario.migration import CutoverStep, RollBackStep
from harness.scenario.money import (
    ApplyCashStep,
    BankReturnStep,
    CancelStep,
    ChargebackStep,
    CreditStep,
    DebtState,
    NoteDebtStep,
    PayOutStep,
    RebillStep,
    RefundStep,
    VoidPaymentStep,
    VoidStep,
)
from harness.scenario.part import Part
from harness.scenario.upsets import (
    BackUpStep,
    BringUpStep,
    DisturbStep,
    MakeWholeStep,
    RepairStep,
    SetBackStep,
    TakeDownStep,
)
from harness.scenario.values import Moment, Name, Names, Seconds
from harness.world import Release

DEAL_STATES = ("open", "won", "contracted", "billed", "posted", "paid")
DealState = Literal["open", "won", "contracted", "billed", "posted", "paid"]


class ShipTo(Part):
    """Where a customer is shipped to, if not where its bills go: that place decides its tax."""

    country: str = Field(min_length=1)
    state: str = ""
    city: str = ""


class CustomerStep(Part):
    """Sales opens an account in Salesforce."""

    id: Name
    name: str = Field(min_length=1, max_length=255)
    entity: str = Field(max_length=10)
    country: str = ""
    state: str = ""
    city: str = ""
    street: str = ""
    zip: str = ""
    tax_id: str = ""
    ship_to: ShipTo | None = None
    pays_by: Literal["card", "transfer"] = "transfer"


class CloseStep(Part):
    """Sales wins deals; several are closed in one call."""

    short: ClassVar[str] = "deal"
    deal: Names


class SettleStep(Part):
    """Wait until all is quiet."""

    short: ClassVar[str] = "within"
    within: Seconds = 900.0


class AdvanceStep(Part):
    """Let business time pass: by a duration or until a moment."""

    short: ClassVar[str] = "by"
    by: Seconds | None = None
    until: Moment | None = None

    @model_validator(mode="after")
    def _one_of(self) -> "AdvanceStep":
        if (self.by is None) == (self.until is None):
            raise ValueError("say either `by` (a duration) or `until` (a moment)")
        return self


class PayByCardStep(Part):
    """The customer opens the payment page of a bill and enters a card: a payment born in the platform."""

    short: ClassVar[str] = "deal"
    deal: Name
    card: str = Field(default="4111111111111111", pattern=r"^\d{13,19}$")
    declined: bool = False


class TransferStep(Part):
    """The customer pays a bill to the entity's bank: a payment born in the ledger. Without an amount all that is open.

    `discount`: the legacy ledger's clerk books it at once, with what is taken off for paying early (0: nothing).
    `if_due`: a customer that owes nothing, since credit has settled the bill, pays nothing, and that is no error.
    """

    short: ClassVar[str] = "deal"
    deal: Name
    if_due: bool = False
    amount: Decimal | None = Field(default=None, gt=0)
    discount: Decimal | None = Field(default=None, ge=0)


class FixAccountStep(Part):
    """A person corrects an account in Salesforce."""

    customer: Name
    name: str | None = None
    entity: str | None = None
    country: str | None = None
    state: str | None = None
    city: str | None = None
    street: str | None = None
    zip: str | None = None
    tax_id: str | None = None

    @model_validator(mode="after")
    def _something(self) -> "FixAccountStep":
        if len(self.model_fields_set) < 2:
            raise ValueError("say what to correct: name, entity, country, state, city, street, zip or tax_id")
        return self


class MapItemStep(Part):
    """A person maps a product code at the core; `value` has the shape of the world file's items."""

    sku: str
    value: dict[str, Any]


class ErpItemStep(Part):
    """A person creates a service item in the cloud ERP."""

    external_id: str
    name: str
    income_account: str
    subsidiaries: tuple[str, ...] = Field(min_length=1)


class ErpCustomerStep(Part):
    """The ERP has had a customer since before the core came: nobody has told it what it is called elsewhere.

    Or a person says whose one is (`is_of`, the customer of the story): in the cloud ERP by the core's key, of the
    legacy ERP's to the core, by its number.
    """

    name: str = Field(min_length=1)
    entity: str = "US"
    tax_id: str = ""
    is_of: Name | None = None


class MergeAccountsStep(Part):
    """Sales merges two accounts of one company: `gone` is deleted, all that was its own is the other's from then on."""

    into: Name
    gone: Name


class LoadStep(Part):
    """A company brings its own CRM export: `map` and `files` are paths from the folder of the stories.

    `own`: the files lie in a folder that only the command line names (`--export`), so that no record tells of it.
    `limit`: only the first deals by close date and id; `live_limit` is the limit where real time passes.
    `pseudonymise`: the seed of stand-ins for the names in it.
    """

    map: str
    files: tuple[str, ...] = Field(min_length=1)
    limit: int | None = Field(default=None, ge=1)
    live_limit: int = Field(default=100, ge=1)
    pseudonymise: str | None = None
    own: bool = False

    def most(self, mode: str) -> int | None:
        """How many deals at most are loaded in a mode, or None for all."""
        if mode != "live":
            return self.limit
        return self.live_limit if self.limit is None else min(self.limit, self.live_limit)


class CloseLoadedStep(Part):
    """Sales wins the loaded deals, each on the day on which the export closed it; `until` is the last such day."""

    short: ClassVar[str] = "until"
    until: date | None = None


class PayLoadedStep(Part):
    """Every customer pays by transfer what is open of the loaded deals: payments born in the cloud ERP."""


class ConsumeStep(Part):
    """A customer uses the product: an event in the metering, sent `times` times. Without `at` it happens now.

    `corrects`: the event that it replaces. `subscription`: what the product takes for the customer's subscription.
    `past_the_api`: written by a job that checks nothing.
    """

    deal: Name
    meter: str = Field(min_length=1)
    quantity: str = Field(min_length=1)
    at: Moment | None = None
    id: Name | None = None
    corrects: Name | None = None
    times: int = Field(default=1, ge=1, le=10)
    subscription: str = ""
    past_the_api: bool = False


class ConsumeExportStep(Part):
    """What customers used, from an export of the product (a path from the folder of the stories): all rows that it has
    recorded by now. Columns: id, deal, meter, quantity, time, recorded (blank: at once), corrects.
    """

    short: ClassVar[str] = "file"
    file: str


class KillCoreStep(Part):
    """The core is killed (SIGKILL)."""


class StartCoreStep(Part):
    """The core starts again on what it left behind, or, with `from_backup`, on its latest backup, and is told so.

    `release`: the next release of it, or the old one again; each goes on with runs that it has begun itself.
    """

    from_backup: bool = False
    release: Release = ""


class BackUpCoreStep(Part):
    """The core's store is copied as it is now."""


Amounts = dict[str, Decimal]  # net, by currency


class Expect(Part):
    """What must be so here (as a step) or at the end. What is not said is not asked.

    `exceptions`: the kinds that stand open, sorted; `exception_counts`: all kinds that stand open, and how many of
    each; `deals`: how far each has come, `sync`: what sales is shown of it; `starts`: the first day of its contract in
    the platform. `won`, `billed` and `parked` are the net sums of the tie-out's first line, `won_by_month` splits the
    won by the month of the close date, `loaded` is how far all loaded deals have come, `rated` the usage in final bills
    by deal.
    `accounts`: balances of ledger accounts, debit above zero, by `ledger/number/currency`.
    `calls_at_most`: what the core has asked of the systems until here, by its own metrics, polls and all (in simulation
    alone: how often it polls is real time's affair in live).
    `reconciliation`: what the core finds when it is asked to reconcile here. `broken` (at the end alone): what judges
    must find in books that a story's people have edited, sentence by sentence and nothing else; `{id}` stands for the
    bill of a deal or the record of an edit.
    """

    exceptions: tuple[str, ...] | None = None
    exception_counts: dict[str, int] | None = None
    won: Amounts = Field(default_factory=dict)
    billed: Amounts = Field(default_factory=dict)
    parked: Amounts = Field(default_factory=dict)
    won_by_month: dict[str, Decimal] = Field(default_factory=dict)
    loaded: dict[DealState, int] = Field(default_factory=dict)
    dead_letters: int | None = Field(default=None, ge=0)
    deals: dict[Name, DealState] = Field(default_factory=dict)
    starts: dict[Name, date] = Field(default_factory=dict)
    rated: dict[Name, Decimal] = Field(default_factory=dict)
    contracts: dict[Name, ContractState] = Field(default_factory=dict)
    debts: dict[Name, DebtState] = Field(default_factory=dict)
    sync: dict[Name, str] = Field(default_factory=dict)
    accounts: dict[str, Decimal] = Field(default_factory=dict)
    tie_out: Literal["holds"] | None = None
    calls_at_most: int | None = Field(default=None, ge=1)
    reconciliation: Reconciled | None = None
    broken: dict[str, tuple[str, ...]] = Field(default_factory=dict)


VERBS: dict[str, type[Part]] = {
    "customer": CustomerStep,
    "deal": DealStep,
    "close": CloseStep,
    "lose": LoseStep,
    "reopen": ReopenStep,
    "edit_deal": EditDealStep,
    "milestone": MilestoneStep,
    "sell_many": SellManyStep,
    "platform_change": PlatformChangeStep,
    "move_contract": MoveContractStep,
    "settle": SettleStep,
    "advance": AdvanceStep,
    "pay_by_card": PayByCardStep,
    "transfer": TransferStep,
    "credit": CreditStep,
    "refund": RefundStep,
    "chargeback": ChargebackStep,
    "bank_return": BankReturnStep,
    "void_payment": VoidPaymentStep,
    "apply_cash": ApplyCashStep,
    "pay_out": PayOutStep,
    "cancel": CancelStep,
    "void": VoidStep,
    "rebill": RebillStep,
    "note_debt": NoteDebtStep,
    "fix_account": FixAccountStep,
    "map_item": MapItemStep,
    "erp_item": ErpItemStep,
    "erp_customer": ErpCustomerStep,
    "merge_accounts": MergeAccountsStep,
    "rename_field": RenameFieldStep,
    "permit_field": PermitFieldStep,
    "rule": RuleStep,
    "rename_word": RenameWordStep,
    "require_field": RequireFieldStep,
    "map_fields": MapFieldsStep,
    "lock_period": LockPeriodStep,
    "close_period": ClosePeriodStep,
    "recognize_revenue": RecognizeStep,
    "retry": RetryStep,
    "edit": EditStep,
    "limits": LimitsStep,
    "consolidate_invoices": ConsolidateStep,
    "replay": ReplayStep,
    "load": LoadStep,
    "close_loaded": CloseLoadedStep,
    "pay_loaded": PayLoadedStep,
    "edit_book": EditBookStep,
    "set_policy": SetPolicyStep,
    "give_up": GiveUpStep,
    "consume": ConsumeStep,
    "consume_export": ConsumeExportStep,
    "back_up_core": BackUpCoreStep,
    "kill_core": KillCoreStep,
    "start_core": StartCoreStep,
    "back_up": BackUpStep,
    "set_back": SetBackStep,
    "make_whole": MakeWholeStep,
    "disturb": DisturbStep,
    "repair": RepairStep,
    "clerk": ClerkStep,
    "legacy_period": LegacyPeriodStep,
    "legacy_sequence": LegacySequenceStep,
    "cutover": CutoverStep,
    "roll_back": RollBackStep,
    "take_down": TakeDownStep,
    "bring_up": BringUpStep,
    "expect": Expect,
}
