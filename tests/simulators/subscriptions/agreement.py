"""The second ledger of an agreement: contract terms, ramps, calendar billing, usage, taxes, payments, bill by bill.

It goes on where `Ledger` ends and shares as little with the simulator. The facts: a contract lasts so many billing
terms; at its end it completes and is renewed, renewed once, goes on without contract, or ends the subscription; it is
worth its bills less its credits, and while it is in force what is still to be billed, usage aside. Calendar billing
shortens the first term to the billing day and prorates it by days of a full term. A ramp is a change on its date,
before the term that begins then. Usage is billed in arrears by months that keep the subscription's day, waits some
days as a draft, and counts in the month of its date; what comes after the close is kept and never billed. Each line
is taxed by itself, half-up. A credit lowers what is due of its bill and is money for the next bill beyond that.
"""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

from tests.simulators.subscriptions.ledger import Ledger, Line, half_up


@dataclass
class Tariff:
    """How usage is priced: a model, its tiers as (last unit or None, price, units a package), units for free."""

    model: str
    tiers: list[tuple[int | None, int, int]]
    free: int = 0

    def price(self, used: Fraction) -> int:
        """What a month's quantity costs, in minor units."""
        used = max(Fraction(0), used - self.free)
        if self.model == "per_unit":
            return half_up(used * self.tiers[0][1])
        within, below, total = self.tiers[-1], 0, Fraction(0)
        for tier in self.tiers:
            last, price, package = tier
            inside = used - below if last is None else min(used, Fraction(last)) - below
            if inside > 0:
                within = tier
                total += -(-inside // package) * price if package else inside * price
            below = last or 0
        if self.model == "tiered":
            return half_up(total)
        return half_up(used * within[1]) if self.model == "volume" else within[1] * (used > 0)


@dataclass
class Contract:
    """A contract term: its days, what it is worth so far, how many billing terms follow, and how many are unbilled."""

    start: date
    end: date
    action: str
    follow: int
    unbilled: int
    billed: int = 0
    status: str = "active"


@dataclass
class Bill:
    """An invoice: its total and what is due of it."""

    total: int
    due: int


@dataclass
class Month:
    """A stretch of usage: counted from a day up to another, billed on the day it is closed."""

    start: date
    end: date
    close: date


@dataclass
class Agreement(Ledger):
    """A plan by seats and a metered addon under contract, taxed, on a calendar or not."""

    cycles: int = 1
    action: str = "renew"
    billing_day: int | None = None
    tariff: Tariff = field(default_factory=lambda: Tariff("per_unit", [(None, 0, 0)]))
    days_open: int = 0  # how long a bill of usage waits for late usage
    bills: list[Bill] = field(default_factory=list)
    money: int = 0  # credits and payments that no bill has used yet
    contracts: list[Contract] = field(default_factory=list)
    ramps: dict[date, int] = field(default_factory=dict)
    used: list[tuple[date, Fraction]] = field(default_factory=list)
    months_open: list[Month] = field(default_factory=list)
    usage_billed: int = 0

    # -- time -----------------------------------------------------------------------------------

    def wait(self, days: int) -> None:
        """Days pass; ramps, ends of months of usage, ends of terms and closes happen on their days, in this order."""
        for _ in range(days):
            self.day += timedelta(days=1)
            seats = self.ramps.pop(self.day, None)
            if seats is not None and self.status == "active":
                self.change({"plan": seats}, False)
            if self.status == "active" and self.usage_end == self.day:
                self._month_over()
                self._next_month()
                self._close()  # a bill that waits for nothing is there before the next term's
            if self.status == "active" and self.end == self.day:
                self._term_over()
            self._close()

    def _begin(self, unbilled: bool = False) -> None:
        self.anchor, self.start, self.billed_until = self.day.day, self.day, None
        usual = self.following(self.start)
        self.whole = (usual - self.start).days
        if self.billing_day is not None:
            self.anchor = self.billing_day
            self.end = self._calendar_day()
        else:
            self.end = usual
        self.contracts.append(self._contract(self.start, self.action))
        self._one_bill([(item, self.start, self._of_term(item)) for item in self.seats])
        self.usage_start, self.usage_end = self.start, self.start
        self._next_month()

    def _of_term(self, item: str) -> int:
        return half_up(self.price(item) * Fraction((self.end - self.start).days, self.whole))

    def _calendar_day(self) -> date:
        """The first billing day after the start; of yearly terms in March."""
        year, month = self.start.year, self.start.month if self.months == 1 else 3
        for _ in range(3):
            found = date(year, month, min(self.anchor, monthrange(year, month)[1]))
            if found > self.start:
                return found
            year, month = (year + month // 12, month % 12 + 1) if self.months == 1 else (year + 1, month)
        raise AssertionError("a billing day comes every month or year")

    def _contract(self, start: date, action: str) -> Contract:
        end = start
        for index in range(self.cycles):
            end = self.end if start == self.start and not index else self.following(end)
        return Contract(start, end, action, self.cycles - 1, self.cycles)

    @property
    def contract(self) -> Contract | None:
        """The one in force."""
        return self.contracts[-1] if self.contracts and self.contracts[-1].status == "active" else None

    def _term_over(self) -> None:
        contract = self.contract
        if contract is not None and contract.follow == 0:
            contract.status = "completed"
            if contract.action == "cancel":
                self._ended()
                return
        elif contract is not None:
            contract.follow -= 1
        self.start, self.end = self.end, self.following(self.end)
        self.whole = (self.end - self.start).days
        if contract is not None and contract.status == "completed" and contract.action != "evergreen":
            action = "renew" if contract.action == "renew" else "cancel"
            self.contracts.append(self._contract(self.start, action))
        if self.billed_until is None or self.start >= self.billed_until:
            self.billed_until = None
            self._one_bill([(item, self.start, self.price(item)) for item in self.seats])

    def _ended(self) -> None:
        """The subscription is over: usage up to today is billed."""
        if self.usage_start < self.day:
            self._month_over(self.day)
        self.status = "cancelled"

    # -- bills ------------------------------------------------------------------------------------

    def _one_bill(self, lines: list[tuple[str, date, int]], terms: int = 1) -> None:
        """Charge these on one invoice; `terms`: how many billing terms of the contract it covers."""
        if not lines:
            return
        self.bills.append(Bill(0, 0))
        for item, start, gross in lines:
            self._charge(item, start, gross, False)
        if self.contract is not None:
            self.contract.unbilled -= terms
        self._settle(self.bills[-1])

    def _charged(self, line: Line) -> None:
        super()._charged(line)
        line.bill = len(self.bills) - 1
        self.bills[-1].total += line.net + line.tax
        if self.contract is not None:
            self.contract.billed += line.net

    def _credited(self, line: Line, net: int, tax: int) -> None:
        super()._credited(line, net, tax)
        bill = self.bills[line.bill]
        adjusted = min(bill.due, net + tax)
        bill.due -= adjusted
        self.money += net + tax - adjusted
        if self.contract is not None:
            self.contract.billed -= net

    def _settle(self, bill: Bill) -> None:
        """A new bill is paid by the money that lies ready."""
        used = min(bill.total, self.money)
        bill.due = bill.total - used
        self.money -= used

    def _charges(self, charges: list[tuple[str, date, int]], unbilled: bool) -> None:
        self._one_bill(charges, 0)

    def worth(self, contract: Contract) -> int:
        """Net value of a contract: billed, and while it is in force what is to come."""
        if contract is not self.contract:
            return contract.billed
        term = sum(self.price(item) - half_up(Fraction(self.price(item) * self.off, 100)) for item in self.seats)
        return contract.billed + contract.unbilled * term

    # -- usage ------------------------------------------------------------------------------------

    def _next_month(self) -> None:
        """The next month of usage; it ends no later than the term that it lies in."""
        start = self.usage_end
        index = start.year * 12 + start.month - 1
        for more in (0, 1):
            year, month = (index + more) // 12, (index + more) % 12 + 1
            end = date(year, month, min(self.anchor, monthrange(year, month)[1]))
            if end > start:
                break
        self.usage_start, self.usage_end = start, end

    def _month_over(self, end: date | None = None) -> None:
        close = self.day + timedelta(days=self.days_open)
        month = Month(self.usage_start, end or self.usage_end, close)
        if self._quantity(month):  # a month without usage has no bill, and waits for nothing
            self.months_open.append(month)

    def _quantity(self, month: Month) -> Fraction:
        return sum((quantity for on, quantity in self.used if month.start <= on < month.end), Fraction(0))

    def _close(self) -> None:
        for month in [one for one in self.months_open if one.close <= self.day]:
            self.months_open.remove(month)
            net = self.tariff.price(self._quantity(month))
            self.usage_billed += net
            gross = net + half_up(net * self.rate)
            self.bills.append(Bill(gross, gross))
            self._settle(self.bills[-1])

    # -- what people do -------------------------------------------------------------------------

    def use(self, on: date, quantity: Fraction) -> None:
        """Usage of a day is recorded."""
        self.used.append((on, quantity))

    def pay(self, amount: int) -> None:
        """Money arrives for the bill of which most is due; what it does not take waits for the next bill."""
        bill = max(self.bills, key=lambda one: one.due)
        used = min(bill.due, amount)
        bill.due -= used
        self.money += amount - used

    def terminate(self, option: str) -> None:
        """The contract ends today, before its time."""
        contract = self.contract
        self.cancel(option)
        if contract is not None:
            contract.status = "terminated"
        self.status = "active"
        self._ended()
        self._close()

    def ahead(self, count: int) -> None:
        """Bill so many terms more in advance, on one invoice."""
        start, lines = max(self.end, self.billed_until or self.end), []
        for _ in range(count):
            lines += [(item, start, self.price(item)) for item in self.seats]
            start = self.following(start)
        self._one_bill(lines, count)
        self.billed_until = start
