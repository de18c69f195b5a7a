"""Random lives of a subscription: what is done to it, day by day, on a site, and by the second ledger beside it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.simulators.subscriptions.ledger import Ledger
from tests.simulators.subscriptions.site import DAY, GENESIS, NEW_YORK, Reply, Site

FIRST = datetime.fromtimestamp(GENESIS, UTC).date()
AUSTIN = {**NEW_YORK, "city": "Austin", "state_code": "TX"}
SUBSCRIPTION = "/subscriptions/life"

Deed = tuple[Any, ...]

SEATS = st.tuples(st.just("seats"), st.integers(1, 20), st.integers(0, 5), st.booleans())
DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.sampled_from((1, 2, 7, 17, 30, 31, 45, 90))),
        SEATS, SEATS,
        st.tuples(st.just("pause")),
        st.tuples(st.just("resume"), st.booleans()),
        st.tuples(st.just("cancel"), st.sampled_from(("none", "prorate", "full"))),
        st.tuples(st.just("revive")),
        st.tuples(st.just("ahead"), st.integers(1, 3)),
        st.tuples(st.just("term_end"), st.integers(1, 45)),
        st.tuples(st.just("extra"), st.integers(1, 99_999)),
        st.tuples(st.just("bill_now")),
    ),
    min_size=1, max_size=14,
)  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """How a life begins: prices per seat and period, the period of plan and addon, seats, a discount, a trial."""

    currency: str
    plan: int
    addon: int
    yearly: bool
    seats: int
    off: int
    trial: int


SETTINGS = st.builds(
    Setting, st.sampled_from(("USD", "JPY", "KWD")), st.integers(1, 500_000), st.integers(1, 50_000), st.booleans(),
    st.integers(1, 20), st.sampled_from((0, 0, 10, 33)), st.sampled_from((0, 0, 14)),
)  # fmt: skip


class Life:
    """One subscription on a site with its ledger; `deeds` say what both of them go through."""

    def __init__(self, site: Site, setting: Setting) -> None:
        self.site, self.setting = site, setting
        self.reply: Reply | None = None

    async def begin(self) -> None:
        """The catalog, the customer, the subscription."""
        site, setting = self.site, self.setting
        await site.do("/items", {"id": "help", "name": "Help", "type": "addon", "item_family_id": "windtunnel"})
        period = {"period": 1, "currency_code": setting.currency, "pricing_model": "per_unit"}
        unit = "year" if setting.yearly else "month"
        await site.do("/item_prices", {
            "id": "plan", "name": "Plan", "item_id": "platform", "price": setting.plan, "period_unit": unit, **period,
        })  # fmt: skip
        await site.do("/item_prices", {
            "id": "help", "name": "Help", "item_id": "help", "price": setting.addon, "period_unit": "month", **period,
        })  # fmt: skip
        await site.customer(billing_address=AUSTIN)
        fields: dict[str, Any] = {
            "id": "life", "subscription_items": [{"item_price_id": "plan", "quantity": setting.seats}],
        }  # fmt: skip
        if setting.off:
            await site.do("/coupons/create_for_items", {
                "id": "off", "name": "Off", "discount_percentage": setting.off, "apply_on": "each_specified_item",
                "duration_type": "forever",
            })  # fmt: skip
            fields["coupon_ids"] = ["off"]
        until = FIRST + timedelta(days=setting.trial) if setting.trial else None
        if until is not None:
            fields["trial_end"] = int(GENESIS) + setting.trial * DAY
        made = await site.do("/customers/acme/subscription_for_items", fields)
        assert made.status == 200, made.json
        times = 12 if setting.yearly else 1
        self.ledger = Ledger(
            FIRST, times, {"plan": setting.plan, "help": setting.addon * times}, {"plan": setting.seats}, setting.off,
            until,
        )  # fmt: skip

    def call(self, deed: Deed) -> tuple[str, dict[str, Any]] | None:
        """What a deed sends: path under the subscription (or whole) and parameters; None for waiting."""
        match deed:
            case ("seats", seats, help_seats, unbilled):
                items = [{"item_price_id": "plan", "quantity": seats}]
                items += [{"item_price_id": "help", "quantity": help_seats}] if help_seats else []
                return f"{SUBSCRIPTION}/update_for_items", {
                    "subscription_items": items, "replace_items_list": True, "invoice_immediately": not unbilled,
                }  # fmt: skip
            case ("pause",):
                return f"{SUBSCRIPTION}/pause", {"pause_option": "immediately"}
            case ("resume", unbilled):
                how = "add_to_unbilled_charges" if unbilled else "invoice_immediately"
                return f"{SUBSCRIPTION}/resume", {"resume_option": "immediately", "charges_handling": how}
            case ("cancel", option):
                return f"{SUBSCRIPTION}/cancel_for_items", {"credit_option_for_current_term_charges": option}
            case ("revive",):
                return f"{SUBSCRIPTION}/reactivate", {"trial_end": 0}
            case ("ahead", count):
                return f"{SUBSCRIPTION}/charge_future_renewals", {"terms_to_charge": count}
            case ("term_end", days):
                end = datetime.combine(self.ledger.day + timedelta(days=days), datetime.min.time(), UTC)
                return f"{SUBSCRIPTION}/change_term_end", {"term_ends_at": int(end.timestamp())}
            case ("extra", amount):
                charges = [{"amount": amount, "description": "Extra"}]
                return "/unbilled_charges", {"subscription_id": "life", "charges": charges}
            case ("bill_now",):
                return "/unbilled_charges/invoice_unbilled_charges", {"subscription_id": "life"}
        return None

    def allowed(self, deed: Deed) -> bool:
        """Whether the facts allow the deed as things stand; `bill_now` is left to the site."""
        ledger, status = self.ledger, self.ledger.status
        match deed[0]:
            case "seats":
                return status in ("active", "in_trial")
            case "pause" | "ahead":
                return status == "active"
            case "resume":
                return status == "paused"
            case "cancel" | "extra":
                return status != "cancelled"
            case "revive":
                return status == "cancelled"
            case "term_end":
                if status == "in_trial":
                    return False  # it would move the trial's end: left out of these lives
                moved = self.ledger.day + timedelta(days=deed[1])
                return status == "active" and ledger.billed_until is None and moved != ledger.end
        return True

    async def does(self, deed: Deed) -> bool:
        """Do it on the site and in the ledger; False when it was refused, as it had to be."""
        if deed[0] == "wait":
            await self.site.travel(deed[1])
            self.ledger.wait(deed[1])
            return True
        if deed[0] == "term_end" and self.ledger.status == "in_trial":
            return False
        call = self.call(deed)
        assert call is not None
        self.reply = await self.site.do(*call)
        good = self.reply.status == 200
        if deed[0] != "bill_now":
            assert good == self.allowed(deed), (deed, self.ledger, self.reply.json)
        if good:
            self._count(deed)
        return good

    def _count(self, deed: Deed) -> None:
        ledger = self.ledger
        match deed:
            case ("seats", seats, help_seats, unbilled):
                ledger.change({"plan": seats, "help": help_seats} if help_seats else {"plan": seats}, unbilled)
            case ("pause",):
                ledger.status = "paused"
            case ("resume", unbilled):
                if not unbilled and ledger.day >= ledger.end:
                    ledger.billed()
                ledger.resume(unbilled)
            case ("cancel", option):
                ledger.cancel(option)
            case ("revive",):
                ledger.revive()
            case ("ahead", count):
                ledger.ahead(count)
            case ("term_end", days):
                ledger.move_end(ledger.day + timedelta(days=days))
            case ("extra", amount):
                ledger.extra(amount)
            case ("bill_now",):
                ledger.billed()

    async def books(self) -> dict[str, list[dict[str, Any]]]:
        """What the platform has of this life."""
        find = self.site.system.store.find
        return {
            "invoices": [row for row in find("invoice") if not row["deleted"]],
            "notes": [row for row in find("credit_note") if not row["deleted"]],
            "unbilled": [row for row in find("unbilled_charge") if not row["deleted"] and not row["is_voided"]],
        }

    async def cost(self) -> int:
        """What the subscription has cost by the platform's documents: bills less credits, and what is unbilled."""
        books = await self.books()
        billed = sum(invoice["sub_total"] for invoice in books["invoices"])
        credited = sum(note["sub_total"] for note in books["notes"])
        return billed - credited + sum(row["amount"] - row["discount_amount"] for row in books["unbilled"])

    async def adds_up(self) -> None:
        """The arithmetic that holds after every operation."""
        books = await self.books()
        for invoice in books["invoices"]:
            lines = invoice["line_items"]
            assert invoice["sub_total"] == sum(line["amount"] - line["discount_amount"] for line in lines)
            assert invoice["total"] == invoice["sub_total"] + invoice["tax"] + invoice["round_off_amount"]
            due = invoice["total"] - invoice["amount_paid"] - invoice["credits_applied"] - invoice["amount_adjusted"]
            assert invoice["amount_due"] == due >= 0
            taken = sum(one["discount_amount"] for one in invoice["line_item_discounts"])
            assert taken == sum(one["amount"] for one in invoice["discounts"])
            assert taken == sum(line["discount_amount"] for line in lines)
            notes = [note for note in books["notes"] if note["reference_invoice_id"] == invoice["id"]]
            assert sum(note["total"] for note in notes) <= invoice["total"]
        for note in books["notes"]:
            assert note["total"] == note["amount_allocated"] + note["amount_refunded"] + note["amount_available"]
        customer = (await self.site.get("/customers/acme"))["customer"]
        unbilled = sum(row["amount"] - row["discount_amount"] for row in books["unbilled"])
        assert customer["unbilled_charges"] == unbilled
        assert customer["refundable_credits"] == sum(note["amount_available"] for note in books["notes"])


def day_of(at: int) -> date:
    """The day of an instant."""
    return datetime.fromtimestamp(at, UTC).date()
