"""A document's lines ready for the ledger that owns it: product, tax treatment, rounding difference."""

from datetime import date, timedelta
from typing import Any

from synccore.domain import calendar
from synccore.domain.bills import Bill, BillLine
from synccore.domain.credits import Credit
from synccore.domain.findings import Finding
from synccore.domain.mappings import Item, LegacyItem
from synccore.domain.posting import PostingLine, Unpostable, line_key, posting_lines
from synccore.ports.outcomes import Parked
from synccore.ports.postings import LedgerLine
from synccore.ports.stores import Unit
from synccore.processes.context import Context
from synccore.processes.ledger_facts import LedgerFacts, sku_of
from synccore.processes.short_payments import POLICY, given_up, keeps_tax

_DAY_S = 86_400

WRITE_OFF = "write_off"  # reason of a credit note for a bill that nobody will pay any more


def lines_of(bill: Bill, facts: LedgerFacts, tax_point: date, instead: Item | None = None) -> list[PostingLine]:
    """The lines with their treatment on the tax point; parks when they may not be posted.

    `instead`: what they are posted to where it is not the product that was billed.
    """

    def product(line: BillLine) -> tuple[str, Item]:
        sku, item = sku_of(facts, bill, line_key(line))
        return sku, instead or item

    lines = posting_lines(bill, facts.taxes, product, tax_point)
    if isinstance(lines, Unpostable):
        topics = (f"tax:{facts.entity_key}", f"account:{facts.account}")
        finding = Finding(lines.kind, lines.reason, "tax", ("fix_tax_map", "retry", "abandon"), topics)
        raise Parked(lines.reason, (finding,))
    return lines


async def cloud_lines(
    ctx: Context, bill: Bill, facts: LedgerFacts, tax_point: date, instead: Item | None = None
) -> tuple[LedgerLine, ...]:
    """The lines as the cloud ledger takes them, the rounding difference last."""
    lines = [_ledger_line(row, facts.entity.zone) for row in lines_of(bill, facts, tax_point, instead)]
    return (*lines, *await _rounding(ctx, bill))


async def memo_lines(
    ctx: Context, credit: Credit, facts: LedgerFacts, tax_point: date, instead: Item | None
) -> tuple[LedgerLine, ...]:  # fmt: skip
    """The lines of a credit note for the cloud ledger; what policy gives up without tax is one line over all of it."""
    if instead is not None and await ctx.db.run(lambda unit: keeps_tax(ctx, unit, credit)):
        text = f"Open of {credit.bill}, given up"
        return (LedgerLine(instead.erp_item, text, "1", credit.gross, 0, "0", "", untaxed=True),)
    return await cloud_lines(ctx, credit.as_bill(), facts, tax_point, instead)


async def written_off_to(ctx: Context, credit: Credit, facts: LedgerFacts) -> Item | None:
    """What a credit note is posted to instead of its products: bad debts, for a bill that was given up."""
    if credit.reason != WRITE_OFF:
        return None

    def look(unit: Unit) -> tuple[str, dict[str, Any]]:
        reason = given_up(unit, credit)
        name = "write_offs" if reason is None else POLICY
        policy = ctx.policy(unit, name)
        return name, policy if reason is None else {**policy, **policy["reasons"].get(reason, {})}

    name, policy = await ctx.db.run(look)
    target = str(policy["erp_item" if facts.entity.ledger == "cloud" else "legacy"])
    if not target:
        reason = f"{credit.id} writes {credit.bill} off, and no item or account is configured for that in the ledger"
        actions, topics = ("set_policy", "retry", "abandon"), (f"policy:{name}",)
        raise Parked(reason, (Finding("write_off_unmapped", reason, "finance", actions, topics),))
    if facts.entity.ledger == "cloud":
        return Item(kind="charge", erp_item=target)
    return Item(kind="charge", legacy=LegacyItem(HKONT=target))


async def _rounding(ctx: Context, bill: Bill) -> list[LedgerLine]:
    """The bill's rounding difference as a line of its own: dropped, the ledger's total would differ."""
    if not bill.round_off:
        return []
    policy = await ctx.db.run(lambda unit: ctx.policy(unit, "rounding"))
    if not policy["erp_item"] or not policy["tax_code"]:
        reason = f"bill {bill.id} has a rounding difference of {bill.round_off} and no item is configured for it"
        actions, topics = ("set_policy", "retry", "abandon"), ("policy:rounding",)
        raise Parked(reason, (Finding("rounding_unmapped", reason, "finance", actions, topics),))
    item, code = str(policy["erp_item"]), str(policy["tax_code"])
    return [LedgerLine(item, "Rounding", "1", bill.round_off, 0, "0", code)]


def _ledger_line(row: PostingLine, zone: str) -> LedgerLine:
    item = row.item.erp_item if row.item is not None else ""
    starts, ends = service_days(row.line, zone)
    return LedgerLine(
        item=item,
        description=row.line.description or row.sku,
        quantity=f"{row.line.quantity:f}",
        net=row.line.net,
        tax=row.line.tax,
        rate=f"{row.line.tax_rate:f}",
        code=row.rule.cloud_code,
        tax_type=row.rule.cloud_type,
        starts=starts,
        ends=ends,
    )


def service_days(line: BillLine, zone: str) -> tuple[date, date] | tuple[None, None]:
    """First and last day of a line's service, in the entity's zone; none for what has no length.

    A term that begins at nine ends at nine: its last day is the one before, so days are counted.
    """
    if line.starts is None or line.ends is None or line.ends <= line.starts:
        return None, None
    first = calendar.day(line.starts, zone)
    return first, first + timedelta(days=max(1, round((line.ends - line.starts) / _DAY_S)) - 1)
