"""Random lives of an agreement: what people do under contract, on a site, and by the second ledger beside it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import note
from hypothesis import strategies as st

from tests.simulators.subscriptions.agreement import Agreement, Tariff
from tests.simulators.subscriptions.lives import AUSTIN, FIRST, SUBSCRIPTION
from tests.simulators.subscriptions.site import NEW_YORK, SEED, Site, play_again

Deed = tuple[Any, ...]

DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.sampled_from((1, 2, 9, 17, 31, 45, 90))),
        st.tuples(st.just("wait"), st.sampled_from((3, 30, 61, 365))),
        st.tuples(st.just("use"), st.integers(0, 40), st.integers(1, 60_000)),
        st.tuples(st.just("use"), st.integers(-3, 3), st.integers(1, 600)),
        st.tuples(st.just("seats"), st.integers(1, 20)),
        st.tuples(st.just("ramp"), st.integers(1, 60), st.integers(1, 20)),
        st.tuples(st.just("pay"), st.integers(1, 3_000_000)),
        st.tuples(st.just("ahead"), st.integers(1, 3)),
        st.tuples(st.just("action"), st.sampled_from(("renew", "renew_once", "evergreen", "cancel"))),
        st.tuples(st.just("terminate"), st.sampled_from(("none", "prorate", "full"))),
    ),
    min_size=1, max_size=14,
)  # fmt: skip

TARIFFS = st.one_of(
    st.builds(lambda price, free: Tariff("per_unit", [(None, price, 0)], free), st.integers(1, 300),
              st.sampled_from((0, 0, 50))),
    st.builds(
        lambda model, ends, prices: Tariff(model, [(ends, prices[0], 0), (ends + 200, prices[1], 0),
                                                   (None, prices[2], 0)]),
        st.sampled_from(("tiered", "volume", "stairstep")), st.integers(1, 200),
        st.tuples(st.integers(1, 300), st.integers(0, 300), st.integers(1, 300)),
    ),
    st.builds(lambda price, package: Tariff("tiered", [(None, price, package)]), st.integers(1, 900),
              st.integers(2, 1_000)),
)  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """How an agreement begins."""

    currency: str
    plan: int
    yearly: bool
    seats: int
    off: int
    taxed: bool
    cycles: int
    action: str
    billing_day: int | None
    tariff: Tariff
    days_open: int


SETTINGS = st.builds(
    Setting, st.sampled_from(("USD", "JPY", "KWD")), st.integers(1, 500_000), st.booleans(), st.integers(1, 20),
    st.sampled_from((0, 0, 10, 33)), st.booleans(), st.integers(1, 4),
    st.sampled_from(("renew", "renew_once", "evergreen", "cancel")), st.sampled_from((None, None, 1, 5, 15, 31)),
    TARIFFS, st.sampled_from((0, 3)),
)  # fmt: skip


def seed(setting: Setting) -> dict[str, Any]:
    """A site that waits so many days for late usage."""
    return {**SEED, "site": {**SEED["site"], "usage_close_days": setting.days_open}}


class Life:
    """One agreement on a site with its ledger; `does` is what both of them go through."""

    def __init__(self, site: Site, setting: Setting) -> None:
        self.site, self.setting, self.counted = site, setting, 0

    async def begin(self) -> None:
        """The catalog, the customer, the subscription under contract."""
        site, setting = self.site, self.setting
        await site.do("/items", {"id": "calls", "name": "Calls", "type": "addon", "item_family_id": "windtunnel",
                                 "metered": True})  # fmt: skip
        price = {"period": 1, "currency_code": setting.currency}
        await self._made("/item_prices", {
            "id": "plan", "name": "Plan", "item_id": "platform", "price": setting.plan, "pricing_model": "per_unit",
            "period_unit": "year" if setting.yearly else "month", **price,
        })  # fmt: skip
        await self._made("/item_prices", {"id": "calls", "name": "Calls", "item_id": "calls", "period_unit": "month",
                                          **price, **_priced(setting.tariff)})  # fmt: skip
        await site.customer(billing_address=NEW_YORK if setting.taxed else AUSTIN)
        if setting.billing_day is not None:
            await self._made("/customers/acme/change_billing_date", {
                "billing_date": setting.billing_day, "billing_date_mode": "manually_set",
                **({"billing_month": 3} if setting.yearly else {}),
            })  # fmt: skip
        items: list[dict[str, Any]] = [{"item_price_id": "plan", "quantity": setting.seats}, {"item_price_id": "calls"}]
        fields: dict[str, Any] = {
            "id": "life", "subscription_items": items, "billing_cycles": setting.cycles,
            "contract_term": {"action_at_term_end": setting.action},
        }  # fmt: skip
        if setting.off:
            await self._made("/coupons/create_for_items", {
                "id": "off", "name": "Off", "discount_percentage": setting.off, "apply_on": "each_specified_item",
                "duration_type": "forever",
                "item_constraints": [{"constraint": "specific", "item_type": "plan", "item_price_ids": ["plan"]}],
            })  # fmt: skip
            fields["coupon_ids"] = ["off"]
        await self._made("/customers/acme/subscription_for_items", fields)
        self.ledger = Agreement(
            FIRST, 12 if setting.yearly else 1, {"plan": setting.plan}, {"plan": setting.seats}, setting.off,
            rate=Fraction("0.08875") if setting.taxed else Fraction(0), cycles=setting.cycles, action=setting.action,
            billing_day=setting.billing_day, tariff=setting.tariff, days_open=setting.days_open,
        )  # fmt: skip

    async def _made(self, path: str, fields: dict[str, Any]) -> None:
        reply = await self.site.do(path, fields)
        assert reply.status == 200, (path, reply.json)

    def possible(self, deed: Deed) -> bool:
        """Whether the facts allow the deed as things stand."""
        ledger = self.ledger
        match deed:
            case ("wait", _):
                return True
            case ("pay", _):
                return any(bill.due for bill in ledger.bills)
            case ("use", ago, _):
                return ledger.day - timedelta(days=ago) >= FIRST
            case ("ramp", days, _):
                return ledger.status == "active" and ledger.day + timedelta(days=days) not in ledger.ramps
            case ("ahead", count):
                return ledger.status == "active" and (ledger.contract is None or count <= ledger.contract.unbilled)
            case ("action", _) | ("terminate", _):
                return ledger.contract is not None
        return ledger.status == "active"

    async def does(self, deed: Deed) -> None:
        """Do it on the site and in the ledger; the site refuses what the facts do not allow."""
        if deed[0] == "wait":
            await self.site.travel(deed[1])
        elif deed[0] == "pay" and not self.possible(deed):
            return
        else:
            reply = await self.site.do(*await self._call(deed))
            assert (reply.status == 200) == self.possible(deed), (deed, self.ledger, reply.json)
            if reply.status != 200:
                return
        self._count(deed)

    async def _call(self, deed: Deed) -> tuple[str, dict[str, Any]]:
        match deed:
            case ("use", ago, quantity):
                self.counted += 1
                at = _noon(self.ledger.day - timedelta(days=ago)) + self.counted
                return f"{SUBSCRIPTION}/usages", {
                    "item_price_id": "calls", "quantity": str(quantity / 100), "usage_date": at,
                }  # fmt: skip
            case ("seats", seats):
                return f"{SUBSCRIPTION}/update_for_items", {
                    "subscription_items": [{"item_price_id": "plan", "quantity": seats}], "invoice_immediately": True,
                }  # fmt: skip
            case ("ramp", days, seats):
                return f"{SUBSCRIPTION}/create_ramp", {
                    "effective_from": _noon(self.ledger.day + timedelta(days=days)) - 43_200,
                    "items_to_update": [{"item_price_id": "plan", "quantity": seats}],
                }  # fmt: skip
            case ("pay", amount):
                bill = max((await self.books())["invoices"], key=lambda one: one["amount_due"])
                return f"/invoices/{bill['id']}/record_payment", {
                    "transaction": {"amount": amount, "payment_method": "bank_transfer", "date": _noon(FIRST)},
                }  # fmt: skip
            case ("ahead", count):
                return f"{SUBSCRIPTION}/charge_future_renewals", {"terms_to_charge": count}
            case ("action", action):
                return f"{SUBSCRIPTION}/update_for_items", {"contract_term": {"action_at_term_end": action}}
        return f"{SUBSCRIPTION}/cancel_for_items", {
            "contract_term_cancel_option": "terminate_immediately", "credit_option_for_current_term_charges": deed[1],
        }  # fmt: skip

    def _count(self, deed: Deed) -> None:
        ledger = self.ledger
        match deed:
            case ("wait", days):
                ledger.wait(days)
            case ("use", ago, quantity):
                ledger.use(ledger.day - timedelta(days=ago), Fraction(quantity, 100))
            case ("seats", seats):
                ledger.change({"plan": seats}, False)
            case ("ramp", days, seats):
                ledger.ramps[ledger.day + timedelta(days=days)] = seats
            case ("pay", amount):
                ledger.pay(amount)
            case ("ahead", count):
                ledger.ahead(count)
            case ("action", action):
                assert ledger.contract is not None
                ledger.contract.action = action
            case ("terminate", option):
                ledger.terminate(option)

    async def books(self) -> dict[str, list[dict[str, Any]]]:
        """The platform's final invoices, the credit notes and contract terms."""
        store = self.site.system.store
        return {
            "invoices": [one for one in store.find("invoice") if not one["deleted"] and one["status"] != "pending"],
            "terms": sorted(store.find("contract_term"), key=lambda one: one["contract_start"]),
            "notes": list(store.find("credit_note")),
        }

    async def agrees(self) -> None:
        """Bills with what is due, money that lies ready, contracts with their days and worth: both say the same."""
        ledger, books = self.ledger, await self.books()
        told = sorted((one["total"], one["amount_due"]) for one in books["invoices"] if one["total"])
        reckoned = sorted((bill.total, bill.due) for bill in ledger.bills if bill.total)
        assert told == reckoned, (told, reckoned)
        customer = (await self.site.get("/customers/acme"))["customer"]
        assert customer["refundable_credits"] + customer["excess_payments"] == ledger.money
        terms = [
            (_day(one["contract_start"]), _day(one["contract_end"] + 1), one["status"], one["action_at_term_end"],
             one["total_contract_value_before_tax"]) for one in books["terms"]
        ]  # fmt: skip
        owed = [(one.start, one.end, one.status, one.action, ledger.worth(one)) for one in ledger.contracts]
        assert terms == owed, (terms, owed)
        metered = sum(line["amount"] for one in books["invoices"] for line in one["line_items"] if line["metered"])
        assert metered == ledger.usage_billed
        charged = sum(one["sub_total"] for one in books["invoices"]) - metered
        assert charged - sum(one["sub_total"] for one in books["notes"]) == ledger.total


def _priced(tariff: Tariff) -> dict[str, Any]:
    if tariff.model == "per_unit":
        free = {"free_quantity": tariff.free} if tariff.free else {}
        return {"pricing_model": "per_unit", "price": tariff.tiers[0][1], **free}
    rows: list[dict[str, Any]] = []
    start = 1
    for last, price, package in tariff.tiers:
        row: dict[str, Any] = {"starting_unit": start, "price": price}
        if last is not None:
            row["ending_unit"], start = last, last + 1
        if package:
            row |= {"pricing_type": "package", "package_size": package}
        rows.append(row)
    return {"pricing_model": tariff.model, "tiers": rows}


def _noon(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp())


def _day(at: int) -> date:
    return datetime.fromtimestamp(at, UTC).date()


def live(setting: Setting, deeds: list[Deed]) -> None:
    """Live a life, and compare the books with the ledger after each deed."""
    note(f"{setting} {deeds}")

    async def story(site: Site) -> None:
        life = Life(site, setting)
        await life.begin()
        await life.agrees()
        for deed in deeds:
            await life.does(deed)
            await life.agrees()

    play_again(story, seed=seed(setting))
