"""Coupons, coupon sets and coupon codes: the catalog of deductions, and which of them may be redeemed."""

from decimal import Decimal
from typing import Any

from simulators.kit.fidelity import absent
from simulators.kit.store import Doc
from simulators.subscriptions import catalog
from simulators.subscriptions.errors import bad_state, duplicate, not_found, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.rules_terms import UNITS
from simulators.subscriptions.work import Work

absent("coupons by `item_constraint_criteria`, `coupon_constraints`, `offer_quantity`; copies from another site")

Result = dict[str, Any]

DURATIONS = ("one_time", "forever", "limited_period")
APPLY_ON = ("invoice_amount", "each_specified_item")
CONSTRAINTS = ("none", "all", "specific", "criteria")
HELD_MAX = 10  # coupons and discounts of one subscription together


def percentage(params: Params, name: str, required: bool = False) -> float | int | None:
    """A percentage above 0 and at most 100 with up to two decimals; absent is None."""
    text = params.text(name, longest=20, required=required)
    if text is None:
        return None
    try:
        value = Decimal(text)
    except ArithmeticError:
        raise params.wrong(name, "should be a number") from None
    if not value.is_finite() or not 0 < value <= 100 or value != round(value, 2):
        raise params.wrong(name, "should be above 0 and at most 100, with at most two decimals")
    return int(value) if value == int(value) else float(value)


def create(work: Work, params: Params) -> Result:
    """POST /coupons/create_for_items."""
    key = params.need("id", longest=100)
    if work.get("coupon", key) is not None:
        raise duplicate("id", key)
    coupon: Doc = {
        "id": key, "status": "active", "redemptions": 0, "created_at": work.at, "deleted": False,
        "included_in_mrr": True, "object": "coupon",
    }  # fmt: skip
    _fields(work, coupon, params)
    work.save("coupon", coupon)
    work.emit("coupon_created", coupon=coupon)
    return {"coupon": coupon}


def update(work: Work, params: Params, key: str) -> Result:
    """POST /coupons/{id}/update_for_items. A redeemed coupon keeps what it takes off."""
    coupon = live(work, key)
    fixed = ("discount_type", "discount_percentage", "discount_amount", "apply_on", "duration_type", "currency_code")
    if coupon["redemptions"] and any(name in params for name in fixed):
        raise bad_state("a coupon that was redeemed keeps its discount and duration")
    _fields(work, coupon, params)
    work.save("coupon", coupon)
    work.emit("coupon_updated", coupon=coupon)
    return {"coupon": coupon}


def _fields(work: Work, coupon: Doc, params: Params) -> None:
    if "name" in params or "name" not in coupon:
        coupon["name"] = params.need("name", longest=100)
    for name, longest in (("invoice_name", 100), ("invoice_notes", 2_000)):
        if name in params:
            coupon[name] = params.text(name, longest=longest) or ""
    _deduction(coupon, params)
    _duration(coupon, params)
    for name in ("valid_from", "valid_till"):
        at = params.integer(name)
        if at is not None:
            coupon[name] = at
    most = params.integer("max_redemptions", least=1)
    if most is not None:
        coupon["max_redemptions"] = most
    flag = params.boolean("included_in_mrr")
    if flag is not None:
        coupon["included_in_mrr"] = flag
    if "meta_data" in params:
        coupon["meta_data"] = params.mapping("meta_data") or {}
    _constraints(work, coupon, params)
    params.choice("status", ("active", "archived"))
    coupon["status"] = status(coupon, work.at)


def _deduction(coupon: Doc, params: Params) -> None:
    kind = params.choice("discount_type", ("fixed_amount", "percentage")) or coupon.get("discount_type", "percentage")
    coupon["discount_type"] = kind
    share = percentage(params, "discount_percentage", kind == "percentage" and "discount_percentage" not in coupon)
    amount = params.integer(
        "discount_amount", least=1, required=kind == "fixed_amount" and "discount_amount" not in coupon
    )
    currency = params.currency("currency_code")
    if kind == "percentage" and amount is not None:
        raise wrong("discount_amount", "a percentage coupon has none")
    if kind == "fixed_amount" and share is not None:
        raise wrong("discount_percentage", "a coupon of a fixed amount has none")
    if share is not None:
        coupon["discount_percentage"] = share
    if amount is not None:
        coupon["discount_amount"] = amount
    if kind == "fixed_amount":
        if currency is None and "currency_code" not in coupon:
            raise wrong("currency_code", "cannot be blank for a fixed amount")
        coupon["currency_code"] = (currency or coupon["currency_code"]).upper()
    coupon["apply_on"] = params.choice("apply_on", APPLY_ON, required="apply_on" not in coupon) or coupon["apply_on"]


def _duration(coupon: Doc, params: Params) -> None:
    kind = params.choice("duration_type", DURATIONS) or coupon.get("duration_type", "forever")
    coupon["duration_type"] = kind
    months = params.integer("duration_month", least=1, most=240)
    period = params.integer("period", least=1, most=1_000)
    unit = params.choice("period_unit", UNITS)
    if months is not None:
        coupon["duration_month"], period, unit = months, period or months, unit or "month"
    if kind == "limited_period":
        if "period" not in coupon and (period is None or unit is None):
            raise wrong("period", "a limited period needs period and period_unit")
        coupon["period"], coupon["period_unit"] = period or coupon["period"], unit or coupon["period_unit"]


def _constraints(work: Work, coupon: Doc, params: Params) -> None:
    rows = params.rows("item_constraints")
    if not rows:
        coupon.setdefault("item_constraints", [])
        return
    found = []
    for row in rows:
        constraint = row.choice("constraint", CONSTRAINTS, required=True)
        entry: Doc = {
            "item_type": row.choice("item_type", catalog.ITEM_TYPES, required=True), "constraint": constraint,
            "object": "item_constraint",
        }  # fmt: skip
        keys = row.listed("item_price_ids")
        if constraint == "specific":
            if not keys:
                raise row.wrong("item_price_ids", "cannot be blank for the constraint specific")
            for key in keys:
                catalog.live(work, "item_price", key, row.name("item_price_ids"))
            entry["item_price_ids"] = keys
        if constraint == "criteria":
            raise row.wrong("constraint", "criteria are not supported by this sandbox")
        found.append(entry)
    coupon["item_constraints"] = found


def live(work: Work, key: str, param: str | None = None) -> Doc:
    """A coupon that is not deleted, or 404."""
    coupon = work.need("coupon", key, param)
    if coupon["deleted"]:
        raise not_found(param, key)
    return coupon


def status(coupon: Doc, at: int) -> str:
    """Its status at an instant: archived and deleted stay; a date or the number of redemptions ends it."""
    if coupon["status"] in ("archived", "deleted"):
        return str(coupon["status"])
    if at >= coupon.get("valid_till", at + 1) or coupon["redemptions"] >= coupon.get("max_redemptions", 10**9):
        return "expired"
    return "future" if at < coupon.get("valid_from", 0) else "active"


def retrieve(work: Work, _params: Params, key: str) -> Result:
    """GET /coupons/{id}."""
    coupon = work.need("coupon", key)
    return {"coupon": {**coupon, "status": status(coupon, work.at)}}


def delete(work: Work, _params: Params, key: str) -> Result:
    """POST /coupons/{id}/delete: one that was redeemed is only archived."""
    coupon = live(work, key)
    if coupon["redemptions"]:
        coupon["status"], coupon["archived_at"] = "archived", work.at
    else:
        coupon["status"], coupon["deleted"] = "deleted", True
    work.save("coupon", coupon)
    work.emit("coupon_deleted" if coupon["deleted"] else "coupon_updated", coupon=coupon)
    return {"coupon": coupon}


def unarchive(work: Work, _params: Params, key: str) -> Result:
    """POST /coupons/{id}/unarchive."""
    coupon = live(work, key)
    if coupon["status"] != "archived":
        raise bad_state(f"the coupon is {coupon['status']}")
    coupon["status"] = "active"
    coupon.pop("archived_at", None)
    work.save("coupon", coupon)
    work.emit("coupon_updated", coupon=coupon)
    return {"coupon": coupon}


# -- sets and codes -----------------------------------------------------------------------------


def create_set(work: Work, params: Params) -> Result:
    """POST /coupon_sets: a set of codes for one coupon."""
    coupon = live(work, params.need("coupon_id"), "coupon_id")
    key = params.text("id", longest=50) or f"cs_{work.token('coupon_set', 16)}"
    if work.get("coupon_set", key) is not None:
        raise duplicate("id", key)
    made: Doc = {"id": key, "coupon_id": coupon["id"], "name": params.need("name", longest=50), "total_count": 0,
                 "redeemed_count": 0, "archived_count": 0, "deleted": False, "object": "coupon_set"}  # fmt: skip
    if "meta_data" in params:
        made["meta_data"] = params.mapping("meta_data") or {}
    work.save("coupon_set", made)
    work.emit("coupon_set_created", coupon_set=made, coupon=coupon)
    return {"coupon_set": made}


def add_codes(work: Work, params: Params, key: str) -> Result:
    """POST /coupon_sets/{id}/add_coupon_codes."""
    held = work.need("coupon_set", key)
    for index, code in enumerate(params.strings("code")):
        if work.get("coupon_code", code) is not None:
            raise duplicate(f"code[{index}]", code)
        _new_code(work, held, code)
    return {"coupon_set": held}


def create_code(work: Work, params: Params) -> Result:
    """POST /coupon_codes: one code in the set of that name, which is made when it is not there."""
    coupon = live(work, params.need("coupon_id"), "coupon_id")
    name, code = params.need("coupon_set_name", longest=50), params.need("code", longest=50)
    if work.get("coupon_code", code) is not None:
        raise duplicate("code", code)
    held = next((one for one in work.find("coupon_set", coupon_id=coupon["id"]) if one["name"] == name), None)
    if held is None:
        held = create_set(work, Params({"coupon_id": coupon["id"], "name": name}))["coupon_set"]
    return {"coupon_code": _new_code(work, held, code)}


def _new_code(work: Work, held: Doc, code: str) -> Doc:
    if not 0 < len(code) <= 50:
        raise wrong("code", "should have 1 to 50 characters")
    made: Doc = {"id": code, "code": code, "status": "not_redeemed", "coupon_id": held["coupon_id"],
                 "coupon_set_id": held["id"], "coupon_set_name": held["name"], "deleted": False,
                 "object": "coupon_code"}  # fmt: skip
    held["total_count"] += 1
    work.save("coupon_set", held)
    return work.save("coupon_code", made)


def archive_code(work: Work, _params: Params, key: str) -> Result:
    """POST /coupon_codes/{code}/archive."""
    code = work.need("coupon_code", key)
    if code["status"] == "not_redeemed":
        code["status"] = "archived"
        held = work.need("coupon_set", code["coupon_set_id"])
        held["archived_count"] += 1
        work.save("coupon_set", held)
        work.save("coupon_code", code)
    return {"coupon_code": code}


def redeem(work: Work, given: str, param: str, currency: str) -> tuple[Doc, Doc | None]:
    """The coupon of an id or a code, counted as redeemed once more; refused when it cannot be used now."""
    code = work.get("coupon_code", given)
    if code is not None and code["status"] != "not_redeemed":
        raise wrong(param, f"the code {given} is {code['status']}")
    coupon = live(work, given if code is None else code["coupon_id"], param)
    state = status(coupon, work.at)
    if state != "active":
        raise wrong(param, f"the coupon {coupon['id']} is {state}")
    if coupon.get("currency_code", currency) != currency:
        raise wrong(param, f"{coupon['id']} is in {coupon['currency_code']}, the subscription in {currency}")
    coupon["redemptions"] += 1
    coupon["status"] = status(coupon, work.at)
    work.save("coupon", coupon)
    if code is not None:
        code["status"] = "redeemed"
        held = work.need("coupon_set", code["coupon_set_id"])
        held["redeemed_count"] += 1
        work.save("coupon_set", held)
        work.save("coupon_code", code)
    return coupon, code
