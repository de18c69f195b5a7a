"""Entitlements: which features come with which items, and what of them a subscription and a customer have.

https://apidocs.chargebee.com/docs/api/entitlements, .../subscription_entitlements, .../entitlement_overrides.
"""

from typing import Any

from simulators.kit.fidelity import absent, approximate
from simulators.kit.store import Doc
from simulators.subscriptions import catalog, features
from simulators.subscriptions.answers import live
from simulators.subscriptions.errors import wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

approximate(
    "entitlements",
    "of items and of plan and addon prices, a price's before its item's; of several items any switch that is on, the "
    "highest level, the sum of quantities and ranges times the addon's quantity; an override comes before them all, "
    "from `effective_from` to `expires_at`; `set_availability` switches a feature of one subscription off and on",
    source="documented, ours",
)
absent("in entitlements: `apply_grandfathering` (accepted and not acted on), `embed`, entitlements of quotes")

Result = dict[str, Any]
ENTITIES = ("plan", "addon", "charge", "plan_price", "addon_price")
ACTIONS = ("upsert", "remove")
_ROWS_MAX = 100


def _entity(work: Work, row: Params, key: str, names: tuple[str, str]) -> str:
    """The entity's type, given or found; `names`: of the parameters of id and type."""
    kind = row.choice(names[1], ENTITIES)
    if kind is not None and kind.endswith("_price"):
        price = catalog.live(work, "item_price", key, row.name(names[0]))
        actual = f"{price['item_type']}_price"
    else:
        actual = str(catalog.live(work, "item", key, row.name(names[0]))["type"])
    if kind not in (None, actual):
        raise row.wrong(names[1], f"{key} is a {actual}")
    return actual


def _set(work: Work, row: Params, action: str, feature: Doc, entity: tuple[str, str]) -> Doc:
    """One entitlement written or taken away; `entity`: (id, type)."""
    key = f"{feature['id']}_{entity[0]}_{entity[1]}"
    held = work.get("entitlement", key)
    if action == "remove":
        if held is None:
            raise row.wrong("feature_id", f"{entity[0]} is not entitled to {feature['id']}")
        row.text("value")
        work.flush()
        work.remove("entitlement", key)
        return held
    text, name = features.value(feature, row)
    doc: Doc = {
        "id": key, "entity_id": entity[0], "entity_type": entity[1], "feature_id": feature["id"],
        "feature_name": feature["name"], "value": text, "name": name, "deleted": False,
        "created_at": held["created_at"] if held else work.at, "object": "entitlement",
    }  # fmt: skip
    return work.keep("entitlement", doc)


def _rows(params: Params, name: str) -> tuple[str, list[Params]]:
    action = params.choice("action", ACTIONS, required=True)
    rows = params.rows(name)
    if not rows or len(rows) > _ROWS_MAX:
        raise wrong(name, f"should have from one to {_ROWS_MAX} rows")
    assert action is not None
    return action, rows


def _told(work: Work, action: str, feature: Doc, docs: list[Doc]) -> None:
    event = "entitlements_updated" if action == "upsert" else "entitlements_removed"
    work.emit(f"item_{event}", feature=feature, item_entitlements=[_of_item(doc) for doc in docs])


def create(work: Work, params: Params) -> Result:
    """POST /entitlements: action upsert or remove of many."""
    params.text("change_reason")
    action, rows = _rows(params, "entitlements")
    found = []
    for row in rows:
        row.boolean("apply_grandfathering")
        feature = work.need("feature", row.need("feature_id"), row.name("feature_id"))
        key = row.need("entity_id")
        doc = _set(work, row, action, feature, (key, _entity(work, row, key, ("entity_id", "entity_type"))))
        _told(work, action, feature, [doc])
        found.append(doc)
    return {"list": [{"entitlement": doc} for doc in found]}


def _of_item(doc: Doc) -> Doc:
    names = ("id", "feature_id", "feature_name", "value", "name")
    members = {name: doc[name] for name in names}
    return {**members, "item_id": doc["entity_id"], "item_type": doc["entity_type"], "object": "item_entitlement"}


def add_for_feature(work: Work, params: Params, key: str) -> Result:
    """POST /features/{id}/item_entitlements."""
    feature = work.need("feature", key)
    action, rows = _rows(params, "item_entitlements")
    found = []
    for row in rows:
        item = row.need("item_id")
        found.append(_set(work, row, action, feature, (item, _entity(work, row, item, ("item_id", "item_type")))))
    _told(work, action, feature, found)
    return {"list": [{"item_entitlement": _of_item(doc)} for doc in found]}


def set_for_item(work: Work, params: Params, key: str) -> Result:
    """POST /items/{id}/item_entitlements."""
    item = catalog.live(work, "item", key)
    action, rows = _rows(params, "item_entitlements")
    found = []
    for row in rows:
        feature = work.need("feature", row.need("feature_id"), row.name("feature_id"))
        found.append(_set(work, row, action, feature, (key, str(item["type"]))))
        _told(work, action, feature, found[-1:])
    return {"list": [{"item_entitlement": _of_item(doc)} for doc in found]}


def _shown(work: Work, params: Params, docs: list[Doc]) -> Result:
    drafts = bool(params.boolean("include_drafts"))
    params.text("embed")
    rows = [doc for doc in docs if drafts or work.need("feature", doc["feature_id"])["status"] != "draft"]
    return params.page([{"item_entitlement": _of_item(doc)} for doc in rows])


def of_item(work: Work, params: Params, key: str) -> Result:
    """GET /items/{id}/item_entitlements."""
    catalog.live(work, "item", key)
    kinds = ENTITIES[:3]
    return _shown(work, params, [one for one in work.find("entitlement", entity_id=key) if one["entity_type"] in kinds])


def of_feature(work: Work, params: Params, key: str) -> Result:
    """GET /features/{id}/item_entitlements."""
    return _shown(work, params, work.find("entitlement", feature_id=work.need("feature", key)["id"]))


def _granted(work: Work, subscription: Doc) -> dict[str, list[str]]:
    """The values by feature that a subscription's items bring."""
    found: dict[str, list[str]] = {}
    for item in subscription["subscription_items"]:
        price = work.need("item_price", item["item_price_id"])
        own: dict[str, str] = {}
        for key, priced in ((price["item_id"], False), (price["id"], True)):
            for doc in work.find("entitlement", entity_id=key):
                if doc["entity_type"].endswith("_price") is priced:
                    own[doc["feature_id"]] = doc["value"]
        times = item.get("quantity", 1) if item["item_type"] == "addon" else 1
        for key, text in own.items():
            counted = work.need("feature", key)["type"] in ("quantity", "range") and text.isdecimal()
            found.setdefault(key, []).append(str(int(text) * times) if counted else text)
    return found


def _in_force(work: Work, override: Doc) -> bool:
    ends = override.get("expires_at")
    return bool(override["effective_from"] <= work.at) and (ends is None or ends > work.at)


def _held(work: Work, subscription: Doc, drafts: bool = False) -> list[Doc]:
    """What a subscription is entitled to by now, by feature."""
    granted = _granted(work, subscription)
    forced = {
        one["feature_id"]: one for one in work.find("entitlement_override", subscription_id=subscription["id"])
        if _in_force(work, one)
    }  # fmt: skip
    switches = {
        one["feature_id"]: one["is_enabled"]
        for one in work.find("entitlement_switch", subscription_id=subscription["id"])
    }
    found = []
    for key in sorted({*granted, *forced}):
        feature, override = work.need("feature", key), forced.get(key)
        if feature["status"] == "draft" and not drafts:
            continue
        text = override["value"] if override is not None else features.best(feature, granted[key])
        enabled = switches.get(key, True) and (override is None or override["is_enabled"])
        row: Doc = {
            "subscription_id": subscription["id"], "feature_id": key, "feature_name": feature["name"],
            "feature_unit": feature.get("unit"), "feature_type": feature["type"], "value": text,
            "name": features.name_of(feature, text), "is_overridden": override is not None, "is_enabled": enabled,
            "effective_from": override["effective_from"] if override else None,
            "expires_at": override.get("expires_at") if override else None, "object": "subscription_entitlement",
        }  # fmt: skip
        found.append({name: value for name, value in row.items() if value is not None})
    return found


def of_subscription(work: Work, params: Params, key: str) -> Result:
    """GET /subscriptions/{id}/subscription_entitlements."""
    params.text("embed")
    params.boolean("include_scheduled_overrides")
    rows = _held(work, live(work, key), bool(params.boolean("include_drafts")))
    return params.page([{"subscription_entitlement": row} for row in rows])


def set_availability(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/subscription_entitlements/set_availability."""
    subscription = live(work, key)
    enabled = params.boolean("is_enabled")
    rows = params.rows("subscription_entitlements")
    if enabled is None or not rows:
        raise wrong("is_enabled" if enabled is None else "subscription_entitlements", "cannot be blank")
    held = {row["feature_id"] for row in _held(work, subscription)}
    asked = []
    for row in rows:
        feature = row.need("feature_id")
        if feature not in held:
            raise row.wrong("feature_id", f"{key} is not entitled to {feature}")
        asked.append(feature)
        doc: Doc = {"id": f"{key}_{feature}", "subscription_id": key, "feature_id": feature, "is_enabled": enabled}
        work.keep("entitlement_switch", doc)
    shown = [row for row in _held(work, subscription) if row["feature_id"] in asked]
    work.emit("subscription_entitlements_updated", subscription=subscription, subscription_entitlements=shown)
    return {"list": [{"subscription_entitlement": row} for row in shown]}


def override(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/entitlement_overrides: one a feature, the latest holds."""
    subscription = live(work, key)
    action = params.choice("action", ACTIONS) or "upsert"
    rows, found = params.rows("entitlement_overrides"), []
    if not rows:
        raise wrong("entitlement_overrides", "cannot be blank")
    for row in rows:
        feature = work.need("feature", row.need("feature_id"), row.name("feature_id"))
        own = f"{key}_{feature['id']}"
        held = work.get("entitlement_override", own)
        if action == "remove":
            if held is None:
                raise row.wrong("feature_id", f"{key} has no override of {feature['id']}")
            row.read_all()
            work.flush()
            work.remove("entitlement_override", own)
            found.append(held)
            continue
        found.append(work.keep("entitlement_override", _override(work, row, feature, key)))
    shown = [_override_of(work, doc) for doc in found]
    event = "updated" if action == "upsert" else "removed"
    work.emit(f"entitlement_overrides_{event}", subscription=subscription, entitlement_overrides=shown)
    return {"list": [{"entitlement_override": doc} for doc in shown]}


def _override(work: Work, row: Params, feature: Doc, subscription: str) -> Doc:
    text, name = features.value(feature, row)
    entity, kind = row.text("entity_id"), row.choice("entity_type", (*ENTITIES, "subscription"))
    begins, ends = row.integer("effective_from"), row.integer("expires_at")
    begins = work.at if begins is None else begins
    if ends is not None and ends <= max(begins, work.at):
        raise row.wrong("expires_at", "should be in the future, and after effective_from")
    enabled = row.boolean("is_enabled")
    doc: Doc = {
        "id": f"{subscription}_{feature['id']}", "subscription_id": subscription, "entity_id": entity or subscription,
        "entity_type": kind or "subscription", "feature_id": feature["id"], "feature_name": feature["name"],
        "value": text, "name": name, "effective_from": begins, "is_enabled": enabled is not False, "deleted": False,
        "created_at": work.at, "object": "entitlement_override",
    }  # fmt: skip
    return doc if ends is None else {**doc, "expires_at": ends}


def _override_of(work: Work, doc: Doc) -> Doc:
    return {**doc, "schedule_status": "scheduled" if doc["effective_from"] > work.at else "activated"}


def overrides_of(work: Work, params: Params, key: str) -> Result:
    """GET /subscriptions/{id}/entitlement_overrides: those in force, on request also those to come."""
    live(work, key)
    params.text("embed")
    params.boolean("include_drafts")
    ahead = bool(params.boolean("include_scheduled_overrides"))
    rows = [
        _override_of(work, one) for one in work.find("entitlement_override", subscription_id=key)
        if _in_force(work, one) or (ahead and one["effective_from"] > work.at)
    ]  # fmt: skip
    return params.page([{"entitlement_override": row} for row in rows])


def of_customer(work: Work, params: Params, key: str) -> Result:
    """GET /customers/{id}/customer_entitlements: of all that are not cancelled, on request one row a feature."""
    work.need("customer", key)
    consolidated = bool(params.boolean("consolidate_entitlements"))
    rows: list[Doc] = []
    for subscription in work.find("subscription", customer_id=key):
        if subscription["status"] != "cancelled" and not subscription["deleted"]:
            rows += [
                {**{name: row[name] for name in ("subscription_id", "feature_id", "value", "name", "is_enabled")},
                 "customer_id": key, "object": "customer_entitlement"}
                for row in _held(work, subscription)
            ]  # fmt: skip
    return params.page([{"customer_entitlement": row} for row in (_together(work, rows) if consolidated else rows)])


def _together(work: Work, rows: list[Doc]) -> list[Doc]:
    found = []
    for key in sorted({row["feature_id"] for row in rows}):
        feature = work.need("feature", key)
        own = [row for row in rows if row["feature_id"] == key]
        on = [row for row in own if row["is_enabled"]]
        text = features.best(feature, [row["value"] for row in on or own])
        merged = {**own[0], "value": text, "name": features.name_of(feature, text), "is_enabled": bool(on)}
        merged.pop("subscription_id")
        found.append(merged)
    return found
