"""What a change in mid-term costs: credits against what was charged of the term, charges for what is left of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from simulators.kit.fidelity import approximate, exact
from simulators.kit.store import Doc
from simulators.subscriptions import billing, charging, credit_notes, items, rules_proration, unbilled
from simulators.subscriptions.rules_credit import net_and_tax, spread
from simulators.subscriptions.rules_invoice import net
from simulators.subscriptions.rules_price import minor
from simulators.subscriptions.rules_proration import WHOLE, Share
from simulators.subscriptions.work import Work

approximate(
    "a credit for a line with discounts",
    "what the discounts took off it is taken off the credit in proportion; unbilled charges are voided and "
    "what is left "
    "of them kept, before any bill is credited; what was written off or credited by hand is not credited again",
    source="documented, ours",
)

exact(
    "changes of items now: credit for the old price's rest and charge for the new one's, by whole days "
    "or to the second, each rounded half-up by itself; unpaid bill: adjustment note, paid: refundable; "
    "never a negative invoice",
    source="documented",
    held_by="test_changes, test_rules",
)
approximate(
    "an upgrade in mid-term",
    "a credit note for the old price and an invoice for the new one, which the credit is applied to; a "
    "downgrade makes one note of the difference; a credit's lines say the stretch that they give back",
    source="documented, ours",
)
approximate(
    "a bill paid in part",
    "adjustment up to what is due, the rest refundable",
    source="ours",
)


@dataclass(frozen=True)
class Segment:
    """A stretch that was charged in advance: what is left of the running term, or a whole term to come."""

    start: int
    end: int  # as the vendor shows it
    share: Share
    at: int  # where the rest begins


@dataclass
class Effect:
    """Net credits by the item price that was billed and its segment, and the lines of an invoice."""

    credits: list[tuple[str, Segment, int]] = field(default_factory=list)
    charges: list[Doc] = field(default_factory=list)


def segments(work: Work, subscription: Doc, at: int) -> list[Segment]:
    """The rest of the running term at an instant, and each later term that was billed ahead."""
    start, boundary = subscription["current_term_start"], subscription["_next_term"]
    share = rules_proration.rest_of_term(work.calendar, start, boundary, at, subscription.get("_whole"))
    begin = max(start, work.calendar.term_start(at))
    found = [Segment(start, subscription["current_term_end"], share, begin)]
    while boundary < subscription.get("_billed_until", 0):
        following = next_boundary(work, subscription, boundary)
        found.append(Segment(boundary, work.calendar.last_second(following), WHOLE, boundary))
        boundary = following
    return found


def next_boundary(work: Work, subscription: Doc, start: int) -> int:
    """Where the term that begins at `start` ends."""
    return work.calendar.add(
        start, subscription["billing_period"], subscription["billing_period_unit"], subscription["_anchor_day"]
    )


def of_change(work: Work, subscription: Doc, before: list[Doc], prorate: bool, at: int) -> Effect:
    """Old items against the subscription's present ones, item by item; a plan's successor counts as the same item.

    Dearer than before: credit for the old price's rest and a charge for the new one's. Cheaper: the difference as a
    credit, never a negative invoice.
    """
    effect = Effect()
    for segment in segments(work, subscription, at):
        lines: list[Doc] = []
        for old, new in _pairs(before, subscription["subscription_items"]):
            was, will = _per_term(work, subscription, old), _per_term(work, subscription, new)
            if was == will and _key(old) == _key(new):
                continue
            change = rules_proration.change(_share(work, new or old, segment.share), was, will, prorate)
            owed = change.credit if change.net >= 0 else -change.net
            if old is not None and owed:
                effect.credits.append((old["item_price_id"], segment, owed))
            if new is not None and change.net >= 0 and change.charge:
                lines.append(_line(work, subscription, new, change.charge, segment))
        effect.charges += charging.discounted(work, subscription, lines, work.at, segment.share)
    return effect


def of_end(work: Work, subscription: Doc, at: int, running: Share | None = None) -> Effect:
    """Credits for all recurring items from an instant on, terms billed ahead included; `running`: of this term."""
    effect = Effect()
    for index, segment in enumerate(segments(work, subscription, at)):
        for item in subscription["subscription_items"]:
            if items.recurring(item):
                share = running if index == 0 and running else _share(work, item, segment.share)
                owed = share.of(_per_term(work, subscription, item))
                if owed:
                    effect.credits.append((item["item_price_id"], segment, owed))
    return effect


def _share(work: Work, item: Doc | None, share: Share) -> Share:
    """An item price that is never prorated (`full_term`) is charged and credited whole."""
    price = None if item is None else work.need("item_price", item["item_price_id"])
    return WHOLE if price is not None and price["proration_type"] == "full_term" else share


def _pairs(before: list[Doc], after: list[Doc]) -> list[tuple[Doc | None, Doc | None]]:
    """Recurring items by what they succeed; metered ones are billed in arrears, so there is nothing to prorate."""
    old, new = ({_key(item): item for item in held if items.recurring(item)} for held in (before, after))
    return [(old.get(key), new.get(key)) for key in dict.fromkeys((*old, *new))]


def _key(item: Doc | None) -> str:
    return "" if item is None else "plan" if item["item_type"] == "plan" else item["item_price_id"]


def _per_term(work: Work, subscription: Doc, item: Doc | None) -> int:
    if item is None:
        return 0
    plan = work.need("item_price", subscription["_plan"])
    price = work.need("item_price", item["item_price_id"])
    amount: int = item["amount"] * items.per_term(price, plan)
    return amount


def _line(work: Work, subscription: Doc, item: Doc, amount: int, segment: Segment) -> Doc:
    price = work.need("item_price", item["item_price_id"])
    line = billing.item_line(
        work.at, price, item["quantity"], item.get("unit_price"), subscription_id=subscription["id"],
        date_from=segment.at, date_to=segment.end,
    )  # fmt: skip
    return prorated(line, amount)


def prorated(line: Doc, amount: int) -> Doc:
    """A line for a part of a term."""
    line.pop("_tiers", None)
    line["amount"] = amount
    line["unit_amount"] = minor(Decimal(amount) / line["quantity"]) if line["quantity"] else 0
    line["description"] = f"{line['description']} - Prorated Charges"
    return line


# -- credits ------------------------------------------------------------------------------------


@dataclass
class Credited:
    """What came of credits: notes, and what unbilled charges were reduced by (net of discounts)."""

    notes: list[Doc] = field(default_factory=list)
    unbilled: int = 0


def credit(
    work: Work, customer: Doc, subscription: Doc, credits: Sequence[tuple[str, Segment, int]],
    reason: str = "subscription_change",
) -> Credited:  # fmt: skip
    """Credit so much of each item: first its unbilled charges, then by notes against the youngest bills that hold it.

    Not more than was billed and is not yet credited: a voided bill gives no credit. What a discount took off a line
    is taken off its credit in proportion.
    """
    done = Credited()
    wanted: dict[str, list[_Credit]] = {}
    bills = _bills(work, subscription) if credits else []
    for key, segment, amount in credits:
        left, taken = _from_unbilled(work, customer, subscription, key, segment, amount)
        done.unbilled += taken
        for invoice in bills:
            for line in invoice["line_items"]:
                if not left or not _charged(line, subscription, key, segment):
                    continue
                gone = _credited(work, invoice, line["id"])
                gone += sum(one.gross for one in wanted.get(invoice["id"], ()) if one.line == line["id"])
                gross = min(left, line["amount"] - gone)
                if gross > 0:
                    # by what is credited in all, so that the parts never come to more than the line
                    after = minor(Decimal(gone + gross) * net(line) / line["amount"])
                    after -= minor(Decimal(gone) * net(line) / line["amount"])
                    wanted.setdefault(invoice["id"], []).append(_Credit(line["id"], gross, after, segment))
                    left -= gross
    for number, lines in wanted.items():
        done.notes += _notes(work, work.need("invoice", number), lines, reason)
    return done


def _charged(line: Doc, subscription: Doc, key: str, segment: Segment) -> bool:
    own = line.get("subscription_id") == subscription["id"] and line.get("entity_id") == key and not line["metered"]
    return own and segment.start <= line["date_from"] <= segment.end


def _from_unbilled(
    work: Work, customer: Doc, subscription: Doc, key: str, segment: Segment, amount: int
) -> tuple[int, int]:
    """Take a credit off unbilled charges: each is voided, and one for what remains takes its place."""
    taken = 0
    for charge in reversed(unbilled.held(work, subscription)):
        if not amount or not _charged(charge["_line"], subscription, key, segment):
            continue
        take = min(amount, charge["amount"])
        amount -= take
        unbilled.void(work, customer, subscription, [charge])
        taken += net(charge)
        rest = charge["amount"] - take
        if rest:
            line = {**charge["_line"], "amount": rest, "date_to": max(segment.at, charge["date_from"])}
            line["_discounts"] = [
                {**one, "discount_amount": minor(Decimal(one["discount_amount"]) * rest / charge["amount"])}
                for one in line.get("_discounts", ())
            ]  # fmt: skip
            line["discount_amount"] = sum(one["discount_amount"] for one in line["_discounts"])
            line["item_level_discount_amount"] = min(line["discount_amount"], line["item_level_discount_amount"])
            kept = unbilled.add(work, customer, subscription, [line], charge["is_advance_charge"])[0]
            taken -= net(kept)
    return amount, taken


def _bills(work: Work, subscription: Doc) -> list[Doc]:
    """Final bills that may hold lines of the subscription, youngest first."""
    found = billing.of(work, subscription)
    return [one for one in found if one["status"] not in ("voided", "pending") and not one["deleted"]][::-1]


def _credited(work: Work, invoice: Doc, line_id: str) -> int:
    return sum(_gross(line) for line in _credits(work, invoice, line_id))


def _gross(line: Doc) -> int:
    amount: int = line["_gross"] if "_gross" in line else line["amount"]
    return amount


def _credits(work: Work, invoice: Doc, line_id: str) -> list[Doc]:
    """The lines of notes that credit a line of an invoice."""
    notes = work.find("credit_note", reference_invoice_id=invoice["id"])
    return [
        line for note in notes if note["status"] != "voided" and not note["deleted"]
        for line in note["line_items"] if line["reference_line_item_id"] == line_id
    ]  # fmt: skip


@dataclass(frozen=True)
class _Credit:
    """So much of an invoice's line, before and after its discounts, for a stretch of what it had charged."""

    line: str
    gross: int
    net: int
    segment: Segment


@dataclass
class _Part:
    """What is still to be credited of a line: before and after its discounts, and the tax of that."""

    line: str
    segment: Segment
    rate: Decimal
    gross: int
    net: int
    tax: int

    def take(self, share: int) -> tuple[int, int, int]:
        """(gross, net, tax) for so much of net and tax; the last share is all that is left."""
        whole = self.net + self.tax
        if share == whole:
            taken = self.gross, self.net, self.tax
        else:
            taken = minor(Decimal(self.gross) * share / whole), *net_and_tax(share, self.rate)
        self.gross, self.net, self.tax = self.gross - taken[0], self.net - taken[1], self.tax - taken[2]
        return taken


def _part(work: Work, invoice: Doc, credit: _Credit) -> _Part:
    """Tax at the line's own rate; what completes the credit of a line takes the tax that is left of it."""
    key, gross, amount = credit.line, credit.gross, credit.net
    line = next(one for one in invoice["line_items"] if one["id"] == key)
    before = _credits(work, invoice, key)
    rate = Decimal(str(line["tax_rate"]))
    left = max(0, line["tax_amount"] - sum(one["tax_amount"] for one in before))
    complete = gross + sum(_gross(one) for one in before) == line["amount"]
    tax = left if complete else min(left, minor(Decimal(amount) * rate / 100))
    return _Part(key, credit.segment, rate, gross, amount, tax)


def _notes(work: Work, invoice: Doc, lines: list[_Credit], reason: str) -> list[Doc]:
    """Unpaid: an adjustment. Paid: refundable. Paid in part: an adjustment of what is due, refundable the rest.

    What was written off or credited by hand already is not credited again.
    """
    parts = [_part(work, invoice, line) for line in lines]
    whole = sum(part.net + part.tax for part in parts)
    adjusted = min(invoice["amount_due"], whole)
    back = min(credit_notes.creditable(invoice), whole - adjusted)
    notes = []
    for kind, total in (("adjustment", adjusted), ("refundable", back)):
        if total <= 0:
            continue
        shares = spread(total, [part.net + part.tax for part in parts])
        taken = [(part, *part.take(share)) for part, share in zip(parts, shares, strict=True) if share]
        wish = credit_notes.Wish(parts=[(part.line, amount, tax) for part, _, amount, tax in taken])
        note = credit_notes.against(work, invoice, kind, reason, wish)
        for line, (part, gross, _, _) in zip(note["line_items"], taken, strict=True):
            line |= {"_gross": gross, "date_from": part.segment.at, "date_to": part.segment.end}
        billing.rebalanced(work, invoice)
        notes.append(note)
    return notes
