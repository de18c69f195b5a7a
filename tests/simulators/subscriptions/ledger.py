"""What a subscription has cost so far, reckoned a second time: from the list of facts alone, by days.

It shares nothing with the simulator. Amounts are minor units; a term's end is the first day of the next one. The facts:
billing in advance at a term's start; month ends keep their anchor; a change credits the rest of the old price and
charges the rest of the new one, each rounded half-up by itself, or credits the difference; a line's discount is taken
off all its credits together in proportion; nothing is credited that was not charged; a pause costs nothing; terms
billed ahead are credited whole; extending a term costs price / days of a period from today x days added, shortening it
gives back price / days of the term x days removed. Each credit of a line takes back tax at the line's own rate.
"""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction


def half_up(amount: Fraction) -> int:
    """The nearest whole number, halves up."""
    return int((amount * 2 + 1) // 2)


@dataclass
class Line:
    """Something that was charged: an item from a day on, gross and net of its discount."""

    item: str
    start: date
    gross: int
    net: int
    unbilled: bool
    tax: int = 0
    bill: int = 0  # which of the ledger's bills it stands on
    credited: int = 0
    tax_back: int = 0


@dataclass
class Ledger:
    """One subscription of a plan and an addon, by seats; `off` is a percentage that every line is reduced by."""

    day: date
    months: int
    prices: dict[str, int]  # per seat and term
    seats: dict[str, int]
    off: int = 0
    trial_until: date | None = None
    rate: Fraction = Fraction(0)  # of tax, the same on every line
    total: int = 0  # everything charged, less everything credited, net of discounts
    status: str = "active"
    lines: list[Line] = field(default_factory=list)
    billed_until: date | None = None

    def __post_init__(self) -> None:
        if self.trial_until is None:
            self._begin()
        else:
            self.status = "in_trial"

    # -- time -----------------------------------------------------------------------------------

    def following(self, start: date) -> date:
        """Where a term that begins on a day ends."""
        index = start.year * 12 + start.month - 1 + self.months
        year, month = index // 12, index % 12 + 1
        return date(year, month, min(self.anchor, monthrange(year, month)[1]))

    def wait(self, days: int) -> None:
        """Days pass; terms end and begin."""
        target = self.day + timedelta(days=days)
        if self.status == "in_trial" and self.trial_until is not None and self.trial_until <= target:
            self.day, self.status = self.trial_until, "active"
            self._begin()
        while self.status == "active" and self.end <= target:
            self.start, self.end = self.end, self.following(self.end)
            self.whole = (self.end - self.start).days
            if self.billed_until is None or self.start >= self.billed_until:
                self.billed_until = None
                self._charge_term(self.start, False)
        self.day = target

    def _begin(self, unbilled: bool = False) -> None:
        self.anchor, self.start, self.billed_until = self.day.day, self.day, None
        self.end = self.following(self.start)
        self.whole = (self.end - self.start).days
        self._charge_term(self.start, unbilled)

    # -- charges and credits --------------------------------------------------------------------

    def price(self, item: str, seats: dict[str, int] | None = None) -> int:
        """What an item costs a term."""
        return self.prices[item] * (self.seats if seats is None else seats).get(item, 0)

    def _charge_term(self, start: date, unbilled: bool) -> None:
        for item in self.seats:
            self._charge(item, start, self.price(item), unbilled)

    def _charge(self, item: str, start: date, gross: int, unbilled: bool) -> None:
        net = gross - half_up(Fraction(gross * self.off, 100))
        line = Line(item, start, gross, net, unbilled, half_up(net * self.rate))
        self.lines.append(line)
        self._charged(line)

    def _charges(self, charges: list[tuple[str, date, int]], unbilled: bool) -> None:
        for item, since, charge in charges:
            self._charge(item, since, charge, unbilled)

    def _charged(self, line: Line) -> None:
        self.total += line.net

    def _credited(self, line: Line, net: int, tax: int) -> None:
        self.total -= net

    def _credit(self, item: str, start: date, end: date, amount: int) -> None:
        """Take an amount off what was charged of an item in a stretch: unbilled charges first, else the youngest."""
        own = [line for line in reversed(self.lines) if line.item == item and start <= line.start < end]
        for line in sorted(own, key=lambda one: not one.unbilled):
            take = min(amount, line.gross - line.credited)
            if take <= 0:
                continue
            amount -= take
            if line.unbilled:  # what is left of the charge keeps its share of the discount
                rest = line.gross - take
                off = half_up(Fraction((line.gross - line.net) * rest, line.gross))
                self.total -= line.net - (rest - off)
                line.gross, line.net = rest, rest - off
            else:
                before = half_up(Fraction(line.credited * line.net, line.gross))
                line.credited += take
                net = half_up(Fraction(line.credited * line.net, line.gross)) - before
                left = line.tax - line.tax_back  # the last part takes what is left, so that a line ends at nothing
                tax = left if line.credited == line.gross else min(left, half_up(net * self.rate))
                line.tax_back += tax
                self._credited(line, net, tax)

    def _stretches(self) -> list[tuple[date, date, date, Fraction]]:
        """What was charged in advance, as (start, end, where the rest begins, how much of a term the rest is)."""
        found = [(self.start, self.end, self.day, Fraction((self.end - self.day).days, self.whole))]
        start = self.end
        while self.billed_until is not None and start < self.billed_until:
            end = self.following(start)
            found.append((start, end, start, Fraction(1)))
            start = end
        return found

    # -- what people do -------------------------------------------------------------------------

    def change(self, seats: dict[str, int], unbilled: bool) -> None:
        """From today on, other seats; an item with none is gone."""
        charges = []
        for start, end, since, share in self._stretches() if self.status == "active" else ():
            for item in self.prices:
                was, will = self.price(item), self.price(item, seats)
                if was == will and (item in self.seats) == (item in seats):
                    continue
                credit, charge = half_up(was * share), half_up(will * share)
                self._credit(item, start, end, credit if charge >= credit else credit - charge)
                if charge >= credit and charge:
                    charges.append((item, since, charge))
        self._charges(charges, unbilled)
        self.seats = {item: count for item, count in seats.items() if count}

    def cancel(self, option: str) -> None:
        """The end, with a credit for the running term: none, prorate or full."""
        if self.status in ("active", "paused"):
            for index, (start, end, _, share) in enumerate(self._stretches()):
                if index == 0 and option == "none":
                    continue
                part = Fraction(1) if option == "full" else max(share, Fraction(0))
                for item in self.seats:
                    self._credit(item, start, end, half_up(self.price(item) * part))
        self.status = "cancelled"
        self.billed()

    def billed(self) -> None:
        """All that was unbilled stands on an invoice now."""
        for line in self.lines:
            line.unbilled = False

    def resume(self, unbilled: bool) -> None:
        """Within the term nothing happens, after it a new one begins."""
        self.status = "active"
        if self.day >= self.end:
            self._begin(unbilled)

    def revive(self) -> None:
        """A new first term."""
        self.status = "active"
        self._begin()

    def ahead(self, count: int) -> None:
        """Bill so many terms more in advance."""
        start = max(self.end, self.billed_until or self.end)
        for _ in range(count):
            self._charge_term(start, False)
            start = self.following(start)
        self.billed_until = start

    def move_end(self, end: date) -> None:
        """The running term ends on another day."""
        usual = self.following(self.start)
        if end > self.end:
            share = Fraction((end - self.end).days, (self.following(self.day) - self.day).days)
            for item in self.seats:
                self._charge(item, self.end, half_up(self.price(item) * share), False)
        else:
            share = Fraction((self.end - end).days, self.whole)
            for item in self.seats:
                self._credit(item, self.start, self.end, half_up(self.price(item) * share))
        self.end, self.anchor, self.whole = end, end.day, (usual - self.start).days

    def extra(self, amount: int) -> None:
        """A one-off charge, which the discount is taken off too."""
        self.total += amount - half_up(Fraction(amount * self.off, 100))
