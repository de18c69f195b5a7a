"""What administrators and operators do: change what records look like, tell the core, let it take signals again."""

from datetime import UTC, date, datetime, time
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from harness.scenario.part import Part
from harness.scenario.values import Moment, Name


class RenameFieldStep(Part):
    """An administrator renames a custom field in Salesforce; its values stay."""

    object: str = Field(pattern=r"^\w+$")
    field: str = Field(pattern=r"^\w+__c$")
    to: str = Field(pattern=r"^\w+__c$")


class PermitFieldStep(Part):
    """An administrator of Salesforce takes a field from the users' profile, or gives it back; its values stay."""

    object: str = Field(pattern=r"^\w+$")
    field: str = Field(pattern=r"^\w+$")
    access: Literal["edit", "read", "none"]


class RuleStep(Part):
    """An administrator of Salesforce puts a rule of an object into force or, without more, a validation rule out of it.

    `when`: a formula. With `message` a record for which it is true is refused, at `field` if one is named; with `set`
    fields take values by formulas before each save.
    """

    object: str = Field(pattern=r"^\w+$")
    name: str = Field(pattern=r"^\w+$")
    when: str = ""
    message: str = ""
    field: str = Field(default="", pattern=r"^\w*$")
    set: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_of_two(self) -> "RuleStep":
        if self.set and (self.message or self.field):
            raise ValueError("`set` makes it a field update, which has no `message` and no `field`")
        if self.when and not self.set and not self.message:
            raise ValueError("`message` says why a record is refused, or `set` what it is given")
        return self


class RenameWordStep(Part):
    """The subscription platform has another word for a state of a record from now on, in all that it answers."""

    record: Literal["invoice", "credit_note", "transaction", "subscription"] = "invoice"
    field: str = Field(default="status", pattern=r"^\w+$")
    word: str = Field(pattern=r"^\w+$")
    to: str = Field(pattern=r"^\w+$")


class RequireFieldStep(Part):
    """An administrator of the cloud ERP makes a field of a record mandatory; a custom one is made if there is none."""

    record: str = "invoice"
    field: str = Field(pattern=r"^\w+$")


class MapFieldsStep(Part):
    """A person tells the core how a record of a system names our fields, what it wants besides (`defaults`), which
    fields it is not to be told (`unwritten`: the switch of the status write-back, among others), and what the system's
    `words` for the states of a field mean.
    """

    system: Literal["salesforce", "erp_cloud", "subscriptions"]
    object: str
    names: dict[str, str] = Field(default_factory=dict)
    defaults: dict[str, Any] = Field(default_factory=dict)
    unwritten: tuple[str, ...] = ()
    words: dict[str, dict[str, str]] = Field(default_factory=dict)


class LockPeriodStep(Part):
    """Finance locks a month of the cloud ERP for receivables, payables or everything, or (`unlock`) unlocks it."""

    short: ClassVar[str] = "period"
    period: str = Field(pattern=r"^\d{4}-\d{2}$")
    what: Literal["ar", "ap", "all"] = "all"
    unlock: bool = False


class ClosePeriodStep(Part):
    """Finance locks and closes a month of the cloud ERP and all before it, or (`reopen`) reopens it, the last closed.

    A reopened month is unlocked too.
    """

    short: ClassVar[str] = "period"
    period: str = Field(pattern=r"^\d{4}-\d{2}$")
    reopen: bool = False


class RecognizeStep(Part):
    """Finance recognises deferred revenue of the cloud ERP up to the end of a month."""

    short: ClassVar[str] = "period"
    period: str = Field(pattern=r"^\d{4}-\d{2}$")


class RetryStep(Part):
    """A person has put something right outside and lets the core try all open exceptions of a kind again.

    `step`: from this step of their processes on; what the steps before it found is kept.
    """

    short: ClassVar[str] = "kind"
    kind: str = Field(min_length=1)
    step: str = ""


class EditStep(Part):
    """A person puts right the records that the open exceptions of a kind are about, and lets the core take them.

    `changes`: a JSON merge patch. A text `{opportunity}` in it stands for the id of `deal` in Salesforce.
    """

    kind: str = Field(min_length=1)
    changes: dict[str, Any]
    deal: Name | None = None


class LimitsStep(Part):
    """From now on the systems count requests against the vendors' own limits, or against a hundred times as many."""

    short: ClassVar[str] = "profile"
    profile: Literal["vendor", "roomy"]


class ConsolidateStep(Part):
    """The platform's administrator has what a customer's contracts are billed on one day put on one invoice, or not."""

    short: ClassVar[str] = "on"
    on: bool


class ReplayStep(Part):
    """An operator lets the core take stored signals again: those of a `day` (UTC), of a span, or all; `times` in a row.

    What they led to is there already, so nothing may change (I9). `customer`: only its work; `dry`: only look.
    """

    short: ClassVar[str] = "day"
    day: date | None = None
    since: Moment | None = None
    until: Moment | None = None
    source: str = Field(default="", pattern=r"^[a-z_]*$")
    customer: Name | None = None
    dry: bool = False
    times: int = Field(default=2, ge=1, le=10)

    @model_validator(mode="after")
    def _one_span(self) -> "ReplayStep":
        if self.day is not None and (self.since is not None or self.until is not None):
            raise ValueError("say either `day` or `since` and `until`")
        return self

    def order(self) -> dict[str, Any]:
        """As the core's API takes it."""
        since, until = self.since, self.until
        if self.day is not None:
            since = datetime.combine(self.day, time(0), UTC).timestamp()
            until = since + 86400.0
        given = {"since": since, "until": until, "source": self.source or None, "dry": self.dry or None}
        return {name: value for name, value in given.items() if value is not None}


class SetPolicyStep(Part):
    """A person sets a policy at the core."""

    name: str = Field(min_length=1)
    value: dict[str, Any] = Field(min_length=1)


class GiveUpStep(Part):
    """A person abandons all open exceptions of a kind, with a reason."""

    kind: str = Field(min_length=1)
    reason: str = Field(min_length=3)
