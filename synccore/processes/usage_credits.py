"""Usage that is corrected after its bill was closed: what was billed too much is credited, where policy says so, and
what was billed too little is named, for the next bill.

The bill's own line says what its last units cost; the credit notes on it say what was corrected before. Nothing is
remembered here, so that a note that somebody voids is no correction any more. A usage that is dated in a term that is
billed is billed by no bill (see `usage_upload`), and a closed bill takes no more lines
(https://apidocs.chargebee.com/docs/api/usages, /invoices): what is lacking is a usage of the running term.
"""

from decimal import Decimal

from synccore.domain.keys import UsageCorrection
from synccore.domain.usage import RatedLine, Recorded, UsageEvent, platform_id
from synccore.ports.systems import Found, Rejected
from synccore.processes.context import Context
from synccore.processes.writes import Write


async def billed_in_all(ctx: Context, billed: list[UsageEvent]) -> Decimal | None:
    """What bills say of an event and of what corrected it, after all that was credited; None if a line is gone."""
    usages, total = ctx.platform.usages, Decimal(0)
    for event in billed:
        found: Recorded | None = await usages.find(event.subscription, platform_id(event.id))
        line = await usages.rated(found.bill, found.line) if found is not None and found.bill else None
        if found is None or line is None:
            return None
        total += line.billed_now(UsageCorrection("", event.id, found.quantity, found.quantity))
    return total


async def minimum(ctx: Context, sku: str, currency: str) -> bool:
    """Is a minimum committed for what is used of a product? Then a term's bill is more than the sum of its usages."""
    minimums = await ctx.db.run(lambda unit: ctx.policy(unit, "commitments"))
    return (minimums.get(sku) or {}).get(currency) is not None


async def credit_correction(ctx: Context, event: UsageEvent, billed: UsageEvent, sku: str) -> str:
    """Credit what `billed` was billed too much by `event`, once; why a person has to see to it, '' when it is done."""
    usages, name = ctx.platform.usages, platform_id(billed.id)
    found: Recorded | None = await usages.find(billed.subscription, name)
    line = await usages.rated(found.bill, found.line) if found is not None and found.bill else None
    if found is None or line is None:
        return "its line is not to be found on the bill"
    correction = UsageCorrection(event.id, billed.id, found.quantity, event.quantity)
    if _done(line, event.id) or event.quantity == line.billed_now(correction):
        return ""
    reason = await _hindrance(ctx, line, correction, sku)
    if reason:
        return reason
    note = ctx.keys.usage_credit_note(correction)
    effect = ctx.keys.effect("subscriptions", "usage-credit", event.id)

    async def read() -> RatedLine:
        known = await usages.rated(found.bill, found.line)
        assert known is not None, f"line {found.line} of {found.bill} is gone"
        return known

    async def look() -> Found | None:
        return Found(note) if _done(await read(), event.id) else None

    async def send(refusals: int) -> str:
        known = await read()
        key = ctx.keys.idempotency(f"{effect}#{refusals}")
        return await usages.credit(found.bill, known, _too_much(known, correction), note, key)

    try:
        await ctx.once(ctx, Write(effect, "subscriptions", "usage-credit", f"usage:{event.id}"), send, look)
    except Rejected as refusal:
        return str(refusal)
    return ""


def _done(line: RatedLine, event: str) -> bool:
    return any(one.event == event for one in line.corrected)


def _too_much(line: RatedLine, correction: UsageCorrection) -> int:
    """What the line's last units come to that are no usage any more (net, minor units)."""
    before = line.quantity - line.lowered()
    after = line.quantity - line.lowered(but=correction.billed_as) - (correction.billed - correction.quantity)
    return line.worth(before) - line.worth(after)


async def _hindrance(ctx: Context, line: RatedLine, correction: UsageCorrection, sku: str) -> str:
    if await minimum(ctx, sku, line.currency):
        return "a minimum is committed for what was used"
    if not line.steps:
        return "the bill's line is no sum of units at prices"
    if correction.quantity > line.billed_now(correction):
        return "more was used than is billed"
    return "" if _too_much(line, correction) > 0 else "the difference is worth nothing"
