"""Ramps: changes of a subscription agreed beforehand, each with its own date, applied by the clock."""

from typing import Any

from simulators.kit.fidelity import absent, exact
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions import changes, contracts, discounts, items, switches
from simulators.subscriptions.answers import answer, live
from simulators.subscriptions.errors import Refused, bad_state, not_found, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work, copied

exact(
    "ramps: scheduled, applied by the clock, failed with a reason, draft when the term's end was changed under them",
    source="observed, documented",
    held_by="test_sdk_lives",
)
absent("ramps: `item_tiers`")

Result = dict[str, Any]

_SHOWN = ("item_price_id", "item_type", "quantity", "unit_price", "amount", "free_quantity", "billing_cycles",
          "service_period_days", "charge_once", "charge_on_option", "charge_on_event")  # fmt: skip


def create(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/create_ramp."""
    subscription = live(work, key)
    if subscription["status"] not in ("active", "in_trial", "future"):
        raise bad_state(f"cannot ramp a subscription that is {subscription['status']}")
    ramp: Doc = {
        "id": f"ramp_{work.token('ramp', 16)}", "subscription_id": key, "created_at": work.at, "deleted": False,
        "object": "ramp",
    }  # fmt: skip
    _fields(work, ramp, subscription, params)
    _schedule(work, subscription, ramp)
    work.emit("subscription_ramp_created", ramp=ramp, subscription=subscription)
    return {"ramp": ramp}


def _fields(work: Work, ramp: Doc, subscription: Doc, params: Params) -> None:
    at = params.integer("effective_from", required="effective_from" not in ramp)
    if at is not None:
        if at <= work.at:
            raise wrong("effective_from", "should lie in the future")
        taken = [one for one in of(work, subscription["id"]) if one["effective_from"] == at and one["id"] != ramp["id"]]
        if taken:
            raise wrong("effective_from", f"another ramp, {taken[0]['id']}, begins then")
        ramp["effective_from"] = at
    if "description" in params:
        ramp["description"] = params.text("description") or ""
    currency = subscription["currency_code"]
    for name in ("items_to_add", "items_to_update"):
        rows = params.rows(name)
        if rows or name not in ramp:
            ramp[f"_{name}"] = [dict(row.sent()) for row in rows]
            held = items.read(work, rows)
            ramp[name] = [{one: item[one] for one in _SHOWN if one in item} for item in held]
            for row, item in zip(rows, held, strict=True):
                price = work.need("item_price", item["item_price_id"])
                if price["currency_code"] != currency:
                    raise row.wrong("item_price_id", f"is in {price['currency_code']}, the subscription in {currency}")
    for name in ("items_to_remove", "coupons_to_remove", "discounts_to_remove"):
        if name in params or name not in ramp:
            ramp[name] = params.strings(name)
    _deductions(work, ramp, params, currency)
    _terms(ramp, params)
    if not any(ramp.get(name) for name in _CONTENT):
        raise wrong("items_to_add", "cannot be blank: the ramp changes nothing")
    _fits(work, subscription, ramp)


def _terms(ramp: Doc, params: Params) -> None:
    group = params.group("contract_term")
    if group:
        cycles = group.integer("renewal_billing_cycles", least=1, most=100)
        ramp["contract_term"] = {
            name: value for name, value in {
                "action_at_term_end": group.choice("action_at_term_end", contracts.ACTIONS),
                "cancellation_cutoff_period": group.integer("cancellation_cutoff_period", most=3_650),
                "renewal_billing_cycles": cycles,
            }.items() if value is not None
        }  # fmt: skip
    billing = params.group("billing_configuration")
    if billing:
        ramp["billing_configuration"] = {"po_number": billing.text("po_number", longest=100)}


_CONTENT = ("items_to_add", "items_to_update", "items_to_remove", "coupons_to_add", "coupons_to_remove",
            "discounts_to_add", "discounts_to_remove", "contract_term", "billing_configuration")  # fmt: skip


def _deductions(work: Work, ramp: Doc, params: Params, currency: str) -> None:
    for name, inner in (("coupons_to_add", "coupons"), ("discounts_to_add", "discounts")):
        rows = params.rows(name)
        if not rows and name in ramp:
            continue
        asked = {inner: [row.sent() for row in rows]}
        for row in rows:
            row.read_all()
        held = [*ramp["items_to_add"], *ramp["items_to_update"]]
        known = work.need("subscription", ramp["subscription_id"])["subscription_items"]
        wish = discounts.read(work, Params(asked), [*held, *known], currency)
        if wish is None:
            ramp[name] = []
        elif inner == "coupons":
            ramp[name] = [{"coupon_id": key, **({"apply_till": till} if till else {})} for key, till, _ in wish[inner]]
        else:
            ramp[name] = wish["add"]


def _fits(work: Work, subscription: Doc, ramp: Doc) -> None:
    """What can be judged beforehand, as things stand: the items that the ramp leads to."""
    changes.wanted_items(
        work, copied(subscription), [*_rows(ramp, "items_to_add"), *_rows(ramp, "items_to_update")],
        [key for key in ramp["items_to_remove"] if _held(subscription, key)], False,
    )  # fmt: skip


def _rows(ramp: Doc, name: str) -> list[Params]:
    return [Params(row, f"{name}[{{}}][{index}]") for index, row in enumerate(ramp[f"_{name}"])]


def _held(subscription: Doc, key: str) -> bool:
    return any(item["item_price_id"] == key for item in subscription["subscription_items"])


def of(work: Work, subscription_id: str) -> list[Doc]:
    """The ramps that are still to come, by date."""
    held = [one for one in work.find("ramp", subscription_id=subscription_id) if not one["deleted"]]
    return sorted((one for one in held if one["status"] == "scheduled"), key=lambda one: one["effective_from"])


def _schedule(work: Work, subscription: Doc, ramp: Doc) -> None:
    ramp["status"] = "scheduled"
    ramp.pop("status_transition_reason", None)
    work.save("ramp", ramp)
    work.jobs.schedule(ramp["effective_from"], "ramp", {"id": ramp["id"]}, key=f"ramp/{ramp['id']}")
    _shown(work, subscription)


def _shown(work: Work, subscription: Doc) -> None:
    """A subscription with ramps to come has scheduled changes."""
    subscription["_ramps"] = len(of(work, subscription["id"]))
    subscription["has_scheduled_changes"] = subscription["_ramps"] > 0 or "_scheduled" in subscription
    work.save("subscription", subscription)


def live_ramp(work: Work, key: str) -> Doc:
    """A ramp that is not deleted, or 404."""
    ramp = work.need("ramp", key)
    if ramp["deleted"]:
        raise not_found(None, key)
    return ramp


def update(work: Work, params: Params, key: str) -> Result:
    """POST /ramps/{id}/update: one that is scheduled, failed or a draft is scheduled anew."""
    ramp = live_ramp(work, key)
    if ramp["status"] == "succeeded":
        raise bad_state("the ramp was applied")
    subscription = live(work, ramp["subscription_id"])
    _fields(work, ramp, subscription, params)
    if ramp["effective_from"] <= work.at:
        raise wrong("effective_from", "should lie in the future")
    _schedule(work, subscription, ramp)
    work.emit("subscription_ramp_updated", ramp=ramp, subscription=subscription)
    return {"ramp": ramp}


def retrieve(work: Work, _params: Params, key: str) -> Result:
    """GET /ramps/{id}."""
    return {"ramp": live_ramp(work, key)}


def delete(work: Work, _params: Params, key: str) -> Result:
    """POST /ramps/{id}/delete: not one that was applied."""
    ramp = live_ramp(work, key)
    if ramp["status"] == "succeeded":
        raise bad_state("the ramp was applied")
    ramp["deleted"] = True
    work.jobs.cancel(f"ramp/{key}")
    work.save("ramp", ramp)
    subscription = work.need("subscription", ramp["subscription_id"])
    _shown(work, subscription)
    work.emit("subscription_ramp_deleted", ramp=ramp, subscription=subscription)
    return {"ramp": ramp}


def base_changed(work: Work, subscription: Doc) -> None:
    """The subscription's dates changed under its ramps: they become drafts, to be looked at by a person."""
    waiting = of(work, subscription["id"])
    for ramp in waiting:
        ramp["status"] = "draft"
        ramp["status_transition_reason"] = {"code": "base_changed", "message": "The term of the subscription changed."}
        work.jobs.cancel(f"ramp/{ramp['id']}")
        work.save("ramp", ramp)
        work.emit("subscription_ramp_drafted", ramp=ramp, subscription=subscription)
    if waiting:
        _shown(work, subscription)


def due(work: Work, job: Job) -> None:
    """A ramp's date has come: it changes the subscription as a call would, or fails and says why."""
    ramp = work.get("ramp", job.payload["id"])
    if ramp is not None and not ramp["deleted"] and ramp["status"] == "scheduled":
        _apply(work, ramp)


def _apply(work: Work, ramp: Doc) -> None:
    subscription = work.need("subscription", ramp["subscription_id"])
    try:
        wish = _wish(work, subscription, ramp)
    except Refused as refused:
        ramp["status"] = "failed"
        ramp["status_transition_reason"] = {"code": refused.code, "message": refused.message}
        work.save("ramp", ramp)
        return
    ramp["status"] = "succeeded"
    work.save("ramp", ramp)
    if ramp.get("billing_configuration"):
        subscription["po_number"] = ramp["billing_configuration"]["po_number"]
    if ramp["coupons_to_remove"]:
        held = [one for one in subscription.get("coupons", []) if one["coupon_id"] not in ramp["coupons_to_remove"]]
        discounts.keep(subscription, held, subscription.get("discounts", []))
    if subscription["status"] in ("future", "in_trial"):
        switches.before_the_first_bill(work, subscription, wish)
    else:
        switches.now(work, subscription, wish, work.at)
    _shown(work, subscription)
    work.emit("subscription_ramp_applied", ramp=ramp, **answer(work, subscription))


def before_term(work: Work, subscription: Doc) -> None:
    """A ramp of the day on which a term begins holds for that term: it is applied before the term is billed."""
    if subscription.get("_ramps"):
        for ramp in of(work, subscription["id"]):
            if ramp["effective_from"] <= work.at:
                _apply(work, ramp)


def _wish(work: Work, subscription: Doc, ramp: Doc) -> Doc:
    if subscription["deleted"] or subscription["status"] not in ("active", "non_renewing", "future", "in_trial"):
        raise bad_state(f"the subscription is {subscription['status']}")
    rows = [*_rows(ramp, "items_to_add"), *_rows(ramp, "items_to_update")]
    held = changes.wanted_items(work, subscription, rows, ramp["items_to_remove"], False)
    term = dict(ramp.get("contract_term", {}))
    if "renewal_billing_cycles" in term:
        term["on_renewal"] = term.pop("renewal_billing_cycles")
    if term and contracts.active(work, subscription) is None:
        raise bad_state("the subscription has no contract term in force")
    asked = {
        "coupons": [[one["coupon_id"], one.get("apply_till"), "coupons_to_add"] for one in ramp["coupons_to_add"]],
        "add": copied({"add": ramp["discounts_to_add"]})["add"],
        "remove": [[key, "discounts_to_remove"] for key in ramp["discounts_to_remove"]], "replace": False,
    }  # fmt: skip
    known = {one["id"] for one in subscription.get("discounts", ())}
    if not known.issuperset(ramp["discounts_to_remove"]):
        raise bad_state("a discount that the ramp removes is gone")
    return {
        "items": held, "contract": term or None, "discounts": asked if any(asked.values()) else None, "prorate": True,
        "reset": False, "immediately": True, "invoice_date": None,
    }  # fmt: skip
