"""Coupons and manual discounts that a subscription holds: given, taken away, acting on its bills, used up."""

from collections.abc import Sequence
from decimal import Decimal

from simulators.kit.fidelity import approximate
from simulators.kit.store import Doc
from simulators.subscriptions import coupons, rules_discount
from simulators.subscriptions.errors import not_found, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.rules_discount import Deduction
from simulators.subscriptions.rules_proration import Share
from simulators.subscriptions.rules_terms import UNITS
from simulators.subscriptions.work import Work

approximate(
    "discounts and changes in mid-term",
    "percentages act on the prorated charge, fixed amounts are prorated with it; a one-time one is used up by "
    "the first "
    "bill on which it acts; MRR is net of those that last for ever",
    source="ours",
)


def read(work: Work, params: Params, held: Sequence[Doc], currency: str) -> Doc | None:
    """What a call asks of coupons and discounts: {"coupons": [(id, apply_till)], "add", "remove"}; None: nothing.

    `held`: the items that the subscription will have; a discount on an item price must name one of them.
    """
    wish: Doc = {"coupons": [], "add": [], "remove": [], "replace": bool(params.boolean("replace_coupon_list"))}
    one = params.text("coupon", longest=100)
    given = [*([one] if one else []), *params.strings("coupon_ids")]
    wish["coupons"] = [[key, None, f"coupon_ids[{index}]"] for index, key in enumerate(given)]
    for row in params.rows("coupons"):
        wish["coupons"].append([row.need("coupon_id", longest=100), row.integer("apply_till"), row.name("coupon_id")])
    for row in params.rows("discounts"):
        if row.choice("operation_type", ("add", "remove")) == "remove":
            wish["remove"].append([row.need("id", longest=50), row.name("id")])
        else:
            wish["add"].append(_manual(work, row, held, currency))
    for key, _, name in wish["coupons"]:
        if work.get("coupon_code", key) is None:
            coupons.live(work, key, name)
    return wish if any(wish.values()) else None


def _manual(work: Work, row: Params, held: Sequence[Doc], currency: str) -> Doc:
    apply_on = row.choice("apply_on", ("invoice_amount", "specific_item_price"), required=True)
    duration = row.choice("duration_type", coupons.DURATIONS, required=True)
    share, amount = coupons.percentage(row, "percentage"), row.integer("amount", least=1)
    if (share is None) == (amount is None):
        raise row.wrong("percentage", "give either a percentage or an amount")
    key = row.text("item_price_id", longest=100)
    if (apply_on == "specific_item_price") != (key is not None):
        raise row.wrong("item_price_id", "is given if and only if the discount applies to a specific item price")
    if key is not None and not any(item["item_price_id"] == key for item in held):
        raise row.wrong("item_price_id", f"{key} is not an item of the subscription")
    included = row.boolean("included_in_mrr")
    made: Doc = {
        "id": f"disc_{work.token('discount', 16)}", "invoice_name": "Discount", "apply_on": apply_on,
        "type": "fixed_amount" if share is None else "percentage", "duration_type": duration, "applied_count": 0,
        "included_in_mrr": included is not False, "created_at": work.at, "object": "discount",
    }  # fmt: skip
    made |= {"amount": amount, "currency_code": currency} if share is None else {"percentage": share}
    if key is not None:
        made["item_price_id"] = key
    period, unit = row.integer("period", least=1, most=1_000), row.choice("period_unit", UNITS)
    if duration == "limited_period":
        if period is None or unit is None:
            raise row.wrong("period", "a limited period needs period and period_unit")
        made["period"], made["period_unit"] = period, unit
    return made


def hold(work: Work, subscription: Doc, wish: Doc | None, since: int) -> None:
    """Put what was asked for on the subscription, counting redemptions; limited ones run from `since`."""
    if wish is None:
        return
    held: list[Doc] = subscription.get("coupons", [])
    if wish["replace"]:
        asked = {key for key, _, _ in wish["coupons"]}
        held = [entry for entry in held if entry["coupon_id"] in asked or entry.get("coupon_code") in asked]
    known = {entry["coupon_id"] for entry in held} | {entry.get("coupon_code") for entry in held}
    for key, till, name in wish["coupons"]:
        if key in known:
            continue
        coupon, code = coupons.redeem(work, key, name, subscription["currency_code"])
        entry: Doc = {"coupon_id": coupon["id"], "applied_count": 0, "object": "coupon"}
        if code is not None:
            entry["coupon_code"] = code["id"]
        if coupon["duration_type"] == "limited_period" or till is not None:
            entry["apply_till"] = till or _till(work, since, coupon)
        held.append(entry)
        known |= {key, coupon["id"]}
    manual: list[Doc] = subscription.get("discounts", [])
    for key, name in wish["remove"]:
        if not any(one["id"] == key for one in manual):
            raise not_found(name, key)
        manual = [one for one in manual if one["id"] != key]
    for one in wish["add"]:
        till_of = {"apply_till": _till(work, since, one)} if one["duration_type"] == "limited_period" else {}
        manual.append({**one, **till_of, "index": len(manual)})
    if len(held) + len(manual) > coupons.HELD_MAX:
        raise wrong("coupon_ids", f"a subscription has at most {coupons.HELD_MAX} coupons and discounts")
    keep(subscription, held, manual)


def keep(subscription: Doc, held: list[Doc], manual: list[Doc]) -> None:
    """Put coupons and discounts on the subscription; what is empty is not shown."""
    for name, value in (("coupons", held), ("discounts", manual)):
        if value:
            subscription[name] = value
        else:
            subscription.pop(name, None)
    if held:
        subscription["coupon"] = held[0]["coupon_id"]
    else:
        subscription.pop("coupon", None)


def _till(work: Work, since: int, rule: Doc) -> int:
    start = work.calendar.term_start(since)
    return work.calendar.add(start, rule["period"], rule["period_unit"], work.calendar.anchor_day(start))


def deductions(work: Work, subscription: Doc, at: int, share: Share | None = None) -> list[Deduction]:
    """What acts on a bill of the subscription at an instant; `share` prorates amounts, as a change in mid-term does."""
    found = []
    for entry in subscription.get("coupons", ()):
        if at < entry.get("apply_till", at + 1):
            found.append(_of_coupon(work.need("coupon", entry["coupon_id"]), share))
    for one in subscription.get("discounts", ()):
        if at < one.get("apply_till", at + 1):
            items = frozenset((one["item_price_id"],)) if "item_price_id" in one else rules_discount.ALL
            found.append(Deduction(
                one["id"], None, _percentage(one, "percentage"), _part(one.get("amount", 0), share),
                one["apply_on"] == "specific_item_price", items, one["invoice_name"],
                one["duration_type"] == "forever" and one["included_in_mrr"],
            ))  # fmt: skip
    return found


def _of_coupon(coupon: Doc, share: Share | None) -> Deduction:
    keys: set[str | None] = set()
    for constraint in coupon["item_constraints"]:
        keys |= set(constraint.get("item_price_ids", ("none",)))
        if constraint["constraint"] == "all":
            keys.add(f"{constraint['item_type']}_item_price")
    return Deduction(
        coupon["id"], coupon["id"], _percentage(coupon, "discount_percentage"),
        _part(coupon.get("discount_amount", 0), share), coupon["apply_on"] == "each_specified_item", frozenset(keys),
        coupon.get("invoice_name") or coupon["name"],
        coupon["duration_type"] == "forever" and coupon["included_in_mrr"],
    )  # fmt: skip


def _percentage(doc: Doc, name: str) -> Decimal | None:
    return Decimal(str(doc[name])) if name in doc else None


def _part(amount: int, share: Share | None) -> int:
    return amount if share is None else share.of(amount)


def apply(work: Work, subscription: Doc, lines: Sequence[Doc], at: int, share: Share | None = None) -> None:
    """Put the subscription's deductions on lines in place; `used` says afterwards that they count."""
    if lines and ("coupons" in subscription or "discounts" in subscription):
        rules_discount.apply(lines, deductions(work, subscription, at, share))


def used(subscription: Doc, lines: Sequence[Doc], one_time: frozenset[str]) -> None:
    """The lines were billed: count each deduction once, and drop what was for one time.

    `one_time`: ids of coupons whose duration is one_time.
    """
    acted = {entry["entity_id"] for line in lines for entry in line.get("_discounts", ())}
    if not acted:
        return
    held, manual = subscription.get("coupons", []), subscription.get("discounts", [])
    for entry, key in [*((one, one["coupon_id"]) for one in held), *((one, one["id"]) for one in manual)]:
        if key in acted:
            entry["applied_count"] += 1
    held = [one for one in held if not (one["coupon_id"] in acted and one["coupon_id"] in one_time)]
    manual = [one for one in manual if not (one["id"] in acted and one["duration_type"] == "one_time")]
    keep(subscription, held, manual)


def one_time(work: Work, subscription: Doc) -> frozenset[str]:
    """The subscription's coupons that are for one bill."""
    keys = [entry["coupon_id"] for entry in subscription.get("coupons", ())]
    return frozenset(key for key in keys if work.need("coupon", key)["duration_type"] == "one_time")
