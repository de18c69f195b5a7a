"""What sales quoted for a change in mid-term by months, beside what the platform will bill for it by days."""

from decimal import Decimal

from synccore.domain.agreements import Agreement, Part, Unfit, billing_terms_left, per_period
from synccore.domain.deals import Deal
from synccore.domain.keys import QUOTE
from synccore.domain.money import major
from synccore.ports.stores import Unit
from synccore.processes.context import Context
from synccore.processes.deal_writes import refuse
from synccore.processes.scheduled_changes import rows_of


class Quote:
    """Policy `amendment`: `quoted` says what the prices of an amendment are for, a billing `period` (as the contract's
    are) or the `months` that the deal names; the platform bills by days either way, and its estimate may differ from
    the quote by `tolerance` percent. What differs more is for sales.
    """

    def __init__(self, ctx: Context, deal: Deal) -> None:
        self._ctx, self._deal = ctx, deal

    async def parts(self, agreement: Agreement, sold: tuple[Part, ...]) -> tuple[Part, ...]:
        """What was sold at prices of a billing period; parks what comes to no whole one."""
        if await self._ctx.db.run(self._by_period):
            return sold
        found = per_period(sold, self._deal.term_months or agreement.months, agreement.months)
        if isinstance(found, Unfit):
            await refuse(self._ctx, self._deal, found)
        assert not isinstance(found, Unfit)
        return found

    async def check(self, agreement: Agreement, delta: tuple[Part, ...], changed: tuple[Part, ...]) -> None:
        """Before the change, once: park what would be billed otherwise than quoted, remember the rest's difference.

        `delta`: what comes on top, `changed`: what the contract holds then, prices per billing period.
        """
        ctx, deal = self._ctx, self._deal
        if await ctx.db.run(lambda unit: self._by_period(unit) or unit.links.external(QUOTE, deal.id, "subscriptions")):
            return
        sold = {part.price for part in delta}
        rows = rows_of(tuple(part for part in changed if part.price in sold))
        now = await ctx.platform.estimated_change(agreement.id, {"subscription_items": rows})
        each = sum(part.quantity * (part.unit_price or 0) for part in delta)
        billed = now + billing_terms_left(agreement) * each
        quoted = each * (deal.term_months or agreement.months) // agreement.months
        tolerance = await ctx.db.run(lambda unit: Decimal(str(ctx.policy(unit, "amendment")["tolerance"])))
        if abs(billed - quoted) * 100 > tolerance * abs(quoted):
            text = (
                f"{deal.name} quotes {major(quoted, deal.currency)} {deal.currency} for {deal.term_months} months, the"
                f" platform will bill {major(billed, deal.currency)} by days: quote that, or allow more by policy"
                " amendment (tolerance)"
            )
            await refuse(ctx, deal, Unfit("quoted_otherwise", text, ("policy:amendment",)))
        note = f"{deal.id}/{quoted}/{billed}"
        await ctx.db.run(lambda unit: unit.links.put(QUOTE, deal.id, "subscriptions", note))

    def _by_period(self, unit: Unit) -> bool:
        return str(self._ctx.policy(unit, "amendment")["quoted"]) != "months"
