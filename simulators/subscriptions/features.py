"""Features: what a customer is entitled to have, as a switch or by levels; a draft counts for nothing yet.

https://apidocs.chargebee.com/docs/api/features.
"""

from typing import Any

from simulators.kit.fidelity import approximate
from simulators.kit.store import Doc
from simulators.subscriptions.errors import bad_state, duplicate, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

approximate(
    "features",
    "a new one is a draft, which entitles nobody; type and id stay; levels are the allowed values, of a range the least"
    " and the most; one that is deleted takes its entitlements and overrides with it, an active one has to be archived"
    " before",
    source="documented, ours",
)

Result = dict[str, Any]
TYPES = ("switch", "custom", "quantity", "range")
UNLIMITED = "unlimited"
_STEPS = {"activate": ("draft", "active"), "archive": ("active", "archived"), "reactivate": ("archived", "active")}


def create(work: Work, params: Params) -> Result:
    """POST /features."""
    kind = params.choice("type", TYPES) or "switch"
    key = params.text("id", longest=50) or f"fea_{work.token('feature')}"
    if work.get("feature", key) is not None:
        raise duplicate("id", key)
    doc: Doc = {
        "id": key, "name": params.need("name", longest=50), "status": "draft", "type": kind, "created_at": work.at,
        "metered": False, "levels": [], "deleted": False, "object": "feature",
    }  # fmt: skip
    return _fields(work, doc, params, "feature_created")


def update(work: Work, params: Params, key: str) -> Result:
    """POST /features/{id}."""
    doc = work.need("feature", key)
    if "name" in params:
        doc["name"] = params.need("name", longest=50)
    return _fields(work, doc, params, "feature_updated")


def _fields(work: Work, doc: Doc, params: Params, event: str) -> Result:
    for name in ("description", "unit"):
        if name in params:
            doc[name] = params.text(name, longest=500) or ""
    rows = params.rows("levels")
    if rows and doc["type"] == "switch":
        raise wrong("levels", "a switch has none")
    if rows:
        doc["levels"] = [_level(row, doc["type"], index) for index, row in enumerate(rows)]
        values = [level["value"] for level in doc["levels"]]
        if len(set(values)) < len(values):
            raise wrong("levels", "a value is given twice")
    needs = 2 if doc["type"] == "range" else 1
    if doc["type"] != "switch" and len(doc["levels"]) < needs:
        raise wrong("levels", f"a {doc['type']} has at least {needs}")
    work.save("feature", doc)
    work.emit(event, feature=doc)
    return {"feature": doc}


def _level(row: Params, kind: str, index: int) -> Doc:
    unlimited = bool(row.boolean("is_unlimited"))
    if unlimited and kind == "custom":
        raise row.wrong("is_unlimited", "a custom feature has no such level")
    text = UNLIMITED if unlimited else row.need("value", longest=50)
    row.text("value")
    if kind != "custom" and not unlimited and not (text.isascii() and text.isdecimal()):
        raise row.wrong("value", "should be a whole number")
    level = row.integer("level", most=1_000)
    return {
        "name": row.text("name", longest=50) or text, "value": text, "level": index if level is None else level,
        "is_unlimited": unlimited, "object": "level",
    }  # fmt: skip


def retrieve(work: Work, _params: Params, key: str) -> Result:
    """GET /features/{id}."""
    return {"feature": work.need("feature", key)}


def step(name: str) -> Any:
    """POST /features/{id}/<name>_command."""
    before, after = _STEPS[name]

    def stepped(work: Work, _params: Params, key: str) -> Result:
        doc = work.need("feature", key)
        if doc["status"] != before:
            raise bad_state(f"feature {key} is {doc['status']}, not {before}")
        doc["status"] = after
        work.save("feature", doc)
        work.emit(f"feature_{name.removesuffix('e')}ed", feature=doc)
        return {"feature": doc}

    return stepped


def delete(work: Work, _params: Params, key: str) -> Result:
    """POST /features/{id}/delete."""
    doc = work.need("feature", key)
    if doc["status"] == "active":
        raise bad_state(f"feature {key} is active: archive it first")
    for kind in ("entitlement", "entitlement_override", "entitlement_switch"):
        for held in work.find(kind, feature_id=key):
            work.remove(kind, held["id"])
    work.remove("feature", key)
    doc["deleted"] = True
    work.emit("feature_deleted", feature=doc)
    return {"feature": doc}


def value(feature: Doc, params: Params) -> tuple[str, str]:
    """Parameter `value` for a feature, and what it is called; a switch is on when nothing is said."""
    text = params.text("value", longest=50)
    kind, levels = feature["type"], {level["value"]: level for level in feature["levels"]}
    if kind == "switch":
        if text not in (None, "true", "false"):
            raise params.wrong("value", "should be true or false")
        return (text or "true"), ("Not available" if text == "false" else "Available")
    if text is None:
        raise params.wrong("value", "cannot be blank")
    if kind == "range" and text not in levels:
        bounds = [int(one) for one in levels if one != UNLIMITED]
        most = None if UNLIMITED in levels else max(bounds)
        whole = text.isascii() and text.isdecimal()
        if not whole or int(text) < min(bounds) or (most is not None and int(text) > most):
            raise params.wrong("value", f"should be from {min(bounds)} to {UNLIMITED if most is None else most}")
        return text, text
    if text not in levels:
        raise params.wrong("value", f"should be one of {', '.join(levels)}")
    return text, str(levels[text]["name"])


def best(feature: Doc, values: list[str]) -> str:
    """Of several entitlements to one feature: any switch that is on, the highest level, the sum of what is counted."""
    kind = feature["type"]
    if kind == "switch":
        return "true" if "true" in values else "false"
    if kind == "custom":
        rank = {level["value"]: level["level"] for level in feature["levels"]}
        return max(values, key=lambda one: rank.get(one, -1))
    return UNLIMITED if UNLIMITED in values else str(sum(int(one) for one in values))


def name_of(feature: Doc, text: str) -> str:
    """What a value of a feature is called."""
    if feature["type"] == "switch":
        return "Available" if text == "true" else "Not available"
    return next((str(level["name"]) for level in feature["levels"] if level["value"] == text), text)
