"""The items of a subscription: reading them from parameters, checking them against the catalog, pricing them."""

from collections.abc import Mapping, Sequence

from simulators.kit.store import Doc
from simulators.subscriptions import catalog, catalog_prices, rules_price
from simulators.subscriptions.billing import item_line
from simulators.subscriptions.errors import Refused, wrong
from simulators.subscriptions.params import INTEGER_MAX, Params
from simulators.subscriptions.work import Work

QUANTITY_MAX = 10**9
EVENTS = ("subscription_creation", "subscription_trial_start", "plan_activation", "subscription_activation",
          "contract_termination", "on_demand")  # fmt: skip
AT_CREATION = ("subscription_creation", "subscription_trial_start")
AT_ACTIVATION = ("plan_activation", "subscription_activation")
_UNIT_MONTHS = {"month": 1, "year": 12}
_UNIT_DAYS = {"day": 1, "week": 7}


def read(work: Work, rows: Sequence[Params], before: Mapping[str, Doc] | None = None) -> list[Doc]:
    """`subscription_items[...]` as subscription_item documents; unknown and archived prices are refused.

    `before`: the present items by item price; what a row does not say of one of them stays.
    """
    found: list[Doc] = []
    for row in rows:
        key = row.need("item_price_id", longest=100)
        price = catalog.live(work, "item_price", key, row.name("item_price_id"))
        if price["status"] != "active":
            raise row.wrong("item_price_id", f"{key} is archived")
        if any(held["item_price_id"] == key for held in found):
            raise Refused("duplicate_entry", f"{row.name('item_price_id')} : {key} is given twice",
                          row.name("item_price_id"))  # fmt: skip
        old = (before or {}).get(key, {})
        found.append(_metered_item(row, price, old) if catalog.metered(work, price) else _item(row, price, old))
    return found


def _item(row: Params, price: Doc, before: Doc) -> Doc:
    quantity = row.integer("quantity", least=0, most=QUANTITY_MAX)
    unit_price = row.integer("unit_price")
    quantity = before.get("quantity") if quantity is None else quantity
    if unit_price is not None and price["pricing_model"] in rules_price.TIER_MODELS:
        raise row.wrong("unit_price", f"cannot be given for the pricing model {price['pricing_model']}")
    item: Doc = {
        "item_price_id": price["id"], "item_type": price["item_type"],
        "quantity": 1 if quantity is None or price["pricing_model"] == "flat_fee" else quantity,
        "free_quantity": price.get("free_quantity", 0), "object": "subscription_item",
    }  # fmt: skip
    if price["pricing_model"] not in rules_price.TIER_MODELS:
        usual = before.get("unit_price", price.get("price", 0))
        item["unit_price"] = usual if unit_price is None else unit_price
    if price["item_type"] == "charge":
        usual = before.get("charge_on_event", "subscription_creation")
        item["charge_on_event"] = row.choice("charge_on_event", EVENTS) or usual
        once = row.boolean("charge_once")
        item["charge_once"] = before.get("charge_once", True) if once is None else once
        option = row.choice("charge_on_option", ("immediately", "on_event"))
        item["charge_on_option"] = option or before.get("charge_on_option", "immediately")
        days = row.integer("service_period_days", least=1, most=730)
        if days is not None:
            item["service_period_days"] = days
    else:
        item["billing_period"], item["billing_period_unit"] = price["period"], price["period_unit"]
        cycles = row.integer("billing_cycles", least=1, most=1_000) or price.get("billing_cycles")
        trial_end = row.integer("trial_end") if price["item_type"] == "plan" and not before else None
        if trial_end is not None:  # the plan's trial is the subscription's
            item["trial_end"] = trial_end
        if price["item_type"] == "addon" and cycles is not None:
            item["billing_cycles"] = cycles
    item["amount"] = amount(price, item)
    if item["amount"] > INTEGER_MAX:
        raise row.wrong("quantity", f"makes an amount of more than {INTEGER_MAX}")
    return item


def _metered_item(row: Params, price: Doc, before: Doc) -> Doc:
    """An item without quantity: usage makes it, and it is billed when its own term is over."""
    if price["item_type"] == "charge":
        raise row.wrong("item_price_id", "a metered charge is not supported by this sandbox")
    if row.integer("quantity") is not None:
        raise row.wrong("quantity", "a metered item has none: it is made by usage")
    item: Doc = {
        "metered_quantity": "0", **before, "item_price_id": price["id"], "item_type": price["item_type"],
        "free_quantity": price.get("free_quantity", 0), "billing_period": price["period"],
        "billing_period_unit": price["period_unit"], "object": "subscription_item",
    }  # fmt: skip
    unit_price = row.integer("unit_price")
    if unit_price is not None and price["pricing_model"] in rules_price.TIER_MODELS:
        raise row.wrong("unit_price", f"cannot be given for the pricing model {price['pricing_model']}")
    if price["pricing_model"] not in rules_price.TIER_MODELS:
        item["unit_price"] = price.get("price", 0) if unit_price is None else unit_price
    return item


def amount(price: Doc, item: Doc) -> int:
    """What an item costs per billing period, in minor units."""
    return rules_price.rate(price, item["quantity"], item.get("unit_price")).amount


def own_tiers(work: Work, params: Params, held: Sequence[Doc], before: Sequence[Doc] = ()) -> list[Doc]:
    """`item_tiers[...]`: this subscription's tiers in place of the catalog's; what a call does not name stays.

    Brings the amounts of the items in step. `before`: the tiers that the subscription has.
    """
    known = {item["item_price_id"] for item in held}
    given: dict[str, list[Doc]] = {}
    for row in params.rows("item_tiers"):
        key = row.need("item_price_id", longest=100)
        if key not in known:
            raise row.wrong("item_price_id", f"{key} is not one of the subscription_items")
        model = work.need("item_price", key)["pricing_model"]
        if model not in rules_price.TIER_MODELS:
            raise row.wrong("item_price_id", f"the pricing model of {key} is {model}")
        mine = given.setdefault(key, [])
        mine.append({"item_price_id": key, **catalog.tier(row), "index": len(mine), "object": "item_tier"})
    for key, mine in given.items():
        gap = rules_price.tier_gap(mine)
        if gap is not None:
            raise wrong("item_tiers[starting_unit]", f"tier {gap} of {key} does not follow the one before")
    found = [one for one in before if one["item_price_id"] in known and one["item_price_id"] not in given]
    found += [one for mine in given.values() for one in mine]
    reprice(work, held, found)
    return found


def reprice(work: Work, held: Sequence[Doc], tiers: Sequence[Doc]) -> None:
    """The amounts of items that a subscription has tiers of its own for."""
    own = {one["item_price_id"] for one in tiers}
    for item in held:
        if item["item_price_id"] in own and "metered_quantity" not in item:
            item["amount"] = amount(priced(work.need("item_price", item["item_price_id"]), tiers), item)


def priced(price: Doc, tiers: Sequence[Doc]) -> Doc:
    """The item price with the subscription's own tiers, where it has some."""
    own = [one for one in tiers if one["item_price_id"] == price["id"]]
    return {**price, "tiers": own} if own else price


def keep_tiers(subscription: Doc, tiers: Sequence[Doc]) -> None:
    """Tiers of items that the subscription has, and no member without any."""
    known = {item["item_price_id"] for item in subscription["subscription_items"]}
    kept = [one for one in tiers if one["item_price_id"] in known]
    if kept:
        subscription["item_tiers"] = kept
    else:
        subscription.pop("item_tiers", None)


def check(work: Work, held: Sequence[Doc], param: str = "subscription_items[item_price_id][0]") -> Doc:
    """One plan, one currency, periods that fit the plan's; returns the plan's item price."""
    prices = [work.need("item_price", item["item_price_id"]) for item in held]
    plans = [price for price in prices if price["item_type"] == "plan"]
    if len(plans) != 1:
        raise wrong(param, "a subscription has exactly one plan")
    plan = plans[0]
    for index, price in enumerate(prices):
        name = f"subscription_items[item_price_id][{index}]"
        if price["currency_code"] != plan["currency_code"]:
            raise wrong(name, f"{price['id']} is in {price['currency_code']}, the plan in {plan['currency_code']}")
        if price["item_type"] == "addon" and not fits(price, plan):
            raise wrong(name, f"the period of {price['id']} does not fit the plan's")
    return plan


def beside(work: Work, rows: Sequence[Params], held: Sequence[Doc], plan: Doc) -> None:
    """Give items that come in without a price of their own the differential price for the plan, where there is one."""
    for row, item in zip(rows, held, strict=True):
        price = work.need("item_price", item["item_price_id"])
        if price["item_type"] == "plan" or "unit_price" not in item or "unit_price" in row:
            continue
        modified = catalog_prices.beside(work, price, plan)
        if modified is not price and "price" in modified:
            item["unit_price"] = modified["price"]
            if "metered_quantity" not in item:
                item["amount"] = amount(price, item)


def fits(addon: Doc, plan: Doc) -> bool:
    """Whether whole periods of the addon fill the plan's period."""
    for table in (_UNIT_MONTHS, _UNIT_DAYS):
        if addon["period_unit"] in table and plan["period_unit"] in table:
            inner = addon["period"] * table[addon["period_unit"]]
            outer = plan["period"] * table[plan["period_unit"]]
            return bool(inner <= outer and outer % inner == 0)
    return False


def per_term(addon: Doc, plan: Doc) -> int:
    """How many periods of an item lie in one of the plan's."""
    for table in (_UNIT_MONTHS, _UNIT_DAYS):
        if addon["period_unit"] in table and plan["period_unit"] in table:
            outer: int = plan["period"] * table[plan["period_unit"]]
            return outer // int(addon["period"] * table[addon["period_unit"]])
    return 1


def recurring(item: Doc) -> bool:
    """Whether an item is billed in advance, term by term: not a one-off charge and not metered."""
    return item["item_type"] != "charge" and "metered_quantity" not in item


def term_lines(work: Work, subscription: Doc, start: int, end: int) -> list[Doc]:
    """The recurring lines of one billing term (billed in advance, so without metered items); `end` as shown."""
    plan = work.need("item_price", subscription["_plan"])
    lines = []
    for item in subscription["subscription_items"]:
        if not recurring(item):
            continue
        price = priced(work.need("item_price", item["item_price_id"]), subscription.get("item_tiers", ()))
        line = item_line(
            work.at, price, item["quantity"], item.get("unit_price"), subscription_id=subscription["id"],
            date_from=start, date_to=end,
        )  # fmt: skip
        times = per_term(price, plan)
        if times > 1:
            line["amount"] *= times
        lines.append(line)
    return lines


def charge_lines(work: Work, subscription: Doc, *events: str) -> list[Doc]:
    """The lines of one-off charge items that fall due on these events; they are noted as charged."""
    lines = []
    for item in subscription["subscription_items"]:
        if item.get("charge_on_event") not in events:
            continue
        charged = subscription.setdefault("charged_items", [])
        if item["charge_once"] and any(each["item_price_id"] == item["item_price_id"] for each in charged):
            continue
        price = priced(work.need("item_price", item["item_price_id"]), subscription.get("item_tiers", ()))
        days = item.get("service_period_days")
        until = work.at if days is None else work.at + days * 86_400
        lines.append(item_line(
            work.at, price, item["quantity"], item.get("unit_price"), subscription_id=subscription["id"],
            date_from=work.at, date_to=until,
        ))  # fmt: skip
        charged.append({"item_price_id": price["id"], "last_charged_at": work.at, "object": "charged_item"})
    return lines
