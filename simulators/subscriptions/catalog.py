"""The product catalog: item families, items and item prices."""

from typing import Any

from simulators.kit.fidelity import absent
from simulators.kit.store import Doc, Duplicate
from simulators.subscriptions import rules_price
from simulators.subscriptions.errors import duplicate, not_found, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.rules_terms import UNITS
from simulators.subscriptions.work import Work

absent("metered features", "prices with fractions of minor units (`*_in_decimal`)", "bundles")

Result = dict[str, Any]

ITEM_TYPES = ("plan", "addon", "charge")
USAGE_CALCULATIONS = ("sum_of_usages", "last_usage", "max_usage")
PRORATION_TYPES = ("site_default", "partial_term", "full_term")
STATUSES = ("active", "archived", "deleted")
_ITEM_FLAGS = {"is_shippable": False, "is_giftable": False, "enabled_for_checkout": True, "enabled_in_portal": True,
               "included_in_mrr": True, "metered": False, "is_percentage_pricing": False}  # fmt: skip
_PRICE_FLAGS = {"is_taxable": True, "show_description_in_invoices": False, "show_description_in_quotes": False}
_ACCOUNTING = ("sku", "accounting_code", "accounting_category1", "accounting_category2", "accounting_category3",
               "accounting_category4")  # fmt: skip
TAX_DETAIL = ("tax_profile_id", "avalara_sale_type", "avalara_transaction_type", "avalara_service_type",
              "avalara_tax_code", "hsn_code", "taxjar_product_code")  # fmt: skip


def _set(doc: Doc, name: str, value: Any) -> None:
    if value is None:
        doc.pop(name, None)
    else:
        doc[name] = value


def _texts(doc: Doc, params: Params, *names: str) -> None:
    for name in names:
        if name in params:
            _set(doc, name, params.text(name, longest=2_000))


def _new(work: Work, kind: str, params: Params) -> Doc:
    key = params.need("id", longest=100)
    if work.get(kind, key) is not None:
        raise duplicate("id", key)
    return {"id": key, "status": "active", "created_at": work.at, "deleted": False, "object": kind, "channel": "web"}


def _kept(work: Work, doc: Doc, event: str) -> Result:
    kind = doc["object"]
    work.save(kind, doc)
    try:
        work.flush()
    except Duplicate:
        raise duplicate("name", doc["name"]) from None
    work.emit(f"{kind}_{event}", **{kind: doc})
    return {kind: doc}


def _fields(work: Work, doc: Doc, params: Params) -> None:
    if "name" in params or "name" not in doc:
        doc["name"] = params.need("name")
    _texts(doc, params, "description")
    entity = params.text("business_entity_id") or work.entity
    if entity is not None:
        doc["business_entity_id"] = work.need("business_entity", entity, "business_entity_id")["id"]


def create_family(work: Work, params: Params) -> Result:
    """POST /item_families."""
    doc = _new(work, "item_family", params)
    _fields(work, doc, params)
    return _kept(work, doc, "created")


def update_family(work: Work, params: Params, key: str) -> Result:
    """POST /item_families/{id}."""
    doc = live(work, "item_family", key)
    _fields(work, doc, params)
    return _kept(work, doc, "updated")


def live(work: Work, kind: str, key: str, param: str | None = None) -> Doc:
    """A catalog document that is not deleted, or 404."""
    doc = work.need(kind, key, param)
    if doc["deleted"]:
        raise not_found(param, key)
    return doc


def _item_fields(work: Work, doc: Doc, params: Params) -> None:
    _fields(work, doc, params)
    _texts(doc, params, "external_name", "unit", "redirect_url", "gift_claim_redirect_url")
    for name, default in _ITEM_FLAGS.items():
        flag = params.boolean(name)
        doc[name] = flag if flag is not None else doc.get(name, default)
    doc["item_applicability"] = params.choice("item_applicability", ("all", "restricted")) or doc.get(
        "item_applicability", "all"
    )
    applicable = params.strings("applicable_items")
    if applicable:
        doc["applicable_items"] = [{"id": live(work, "item", key, "applicable_items")["id"]} for key in applicable]
    calculation = params.choice("usage_calculation", USAGE_CALCULATIONS)
    if doc["metered"]:
        doc["usage_calculation"] = calculation or doc.get("usage_calculation", "sum_of_usages")
    if "metadata" in params:
        doc["metadata"] = params.mapping("metadata") or {}


def create_item(work: Work, params: Params) -> Result:
    """POST /items."""
    doc = _new(work, "item", params)
    doc["type"] = params.choice("type", ITEM_TYPES, required=True)
    doc["item_family_id"] = live(work, "item_family", params.need("item_family_id"), "item_family_id")["id"]
    _item_fields(work, doc, params)
    return _kept(work, doc, "created")


def update_item(work: Work, params: Params, key: str) -> Result:
    """POST /items/{id}."""
    doc = live(work, "item", key)
    _item_fields(work, doc, params)
    doc["status"] = params.choice("status", ("active", "archived")) or doc["status"]
    return _kept(work, doc, "updated")


def create_price(work: Work, params: Params) -> Result:
    """POST /item_prices."""
    doc = _new(work, "item_price", params)
    item = live(work, "item", params.need("item_id"), "item_id")
    doc |= {"item_id": item["id"], "item_family_id": item["item_family_id"], "item_type": item["type"]}
    doc["currency_code"] = (params.currency("currency_code") or work.site["currency_code"]).upper()
    if not (len(doc["currency_code"]) == 3 and doc["currency_code"].isalpha()):
        raise wrong("currency_code", "should be an ISO 4217 code")
    doc["pricing_model"] = params.choice("pricing_model", rules_price.MODELS) or "flat_fee"
    doc["proration_type"] = "site_default"
    doc["free_quantity"] = 0
    _period(doc, params)
    _price_fields(work, doc, params)
    if doc["pricing_model"] in rules_price.TIER_MODELS and not doc.get("tiers"):
        raise wrong("tiers", f"cannot be blank for the pricing model {doc['pricing_model']}")
    if doc["pricing_model"] not in rules_price.TIER_MODELS and "price" not in doc and not item["metered"]:
        raise wrong("price", "cannot be blank")
    return _kept(work, doc, "created")


def metered(work: Work, price: Doc) -> bool:
    """Whether an item price is billed by usage."""
    return bool(work.need("item", price["item_id"])["metered"])


def _period(doc: Doc, params: Params) -> None:
    period = params.integer("period", least=1, most=1_000)
    unit = params.choice("period_unit", UNITS)
    if doc["item_type"] == "charge":
        if period or unit:
            raise wrong("period", "a charge has no period")
        return
    if unit is None:
        raise wrong("period_unit", "cannot be blank")
    doc["period"], doc["period_unit"] = period or 1, unit


def _trial(doc: Doc, params: Params) -> None:
    """`trial_period` and its unit of a plan; 0 takes the trial off."""
    period = params.integer("trial_period", most=1_000)
    unit = params.choice("trial_period_unit", ("day", "month"))
    if period is None:
        return
    if doc["item_type"] != "plan":
        raise wrong("trial_period", "only a plan has a trial")
    if period == 0:
        doc.pop("trial_period", None)
        doc.pop("trial_period_unit", None)
    else:
        doc["trial_period"], doc["trial_period_unit"] = period, unit or doc.get("trial_period_unit", "day")


def _price_fields(work: Work, doc: Doc, params: Params) -> None:
    _fields(work, doc, params)
    _texts(doc, params, "external_name", "invoice_notes")
    price = params.integer("price")
    if price is not None:
        doc["price"] = price
    free = params.integer("free_quantity")
    doc["free_quantity"] = doc["free_quantity"] if free is None else free
    doc["proration_type"] = params.choice("proration_type", PRORATION_TYPES) or doc["proration_type"]
    cycles = params.integer("billing_cycles", least=1, most=1_000)
    if cycles is not None:
        doc["billing_cycles"] = cycles
    _trial(doc, params)
    variant = params.text("price_variant_id", longest=100)
    if variant is not None:
        doc["price_variant_id"] = live(work, "price_variant", variant, "price_variant_id")["id"]
    for name, default in _PRICE_FLAGS.items():
        flag = params.boolean(name)
        doc[name] = flag if flag is not None else doc.get(name, default)
    for name, members in (("accounting_detail", _ACCOUNTING), ("tax_detail", TAX_DETAIL)):
        group = params.group(name)
        if group:
            _texts(doc.setdefault(name, {"object": name}), group, *members)
    if "metadata" in params:
        doc["metadata"] = params.mapping("metadata") or {}
    found = tiers(params)
    if found:
        doc["tiers"] = found


def tiers(params: Params) -> list[Doc]:
    """`tiers[...]`, which follow each other without a gap; empty when none are given."""
    found = [tier(row) for row in params.rows("tiers")]
    gap = rules_price.tier_gap(found)
    if gap is not None:
        raise wrong(f"tiers[starting_unit][{gap}]", "tiers must start at 1 and follow each other without a gap")
    return found


def tier(row: Params) -> Doc:
    """One tier of an item price, or of a subscription's own in its place."""
    found: Doc = {"starting_unit": row.number("starting_unit", least=1), "price": row.number("price")}
    for name in ("ending_unit", "package_size"):
        value = row.integer(name, least=1)
        if value is not None:
            found[name] = value
    kind = row.choice("pricing_type", ("per_unit", "flat_fee", "package"))
    if kind is not None:
        found["pricing_type"] = kind
    if kind == "package" and "package_size" not in found:
        raise row.wrong("package_size", "cannot be blank")
    return {**found, "object": "tier"}


def update_price(work: Work, params: Params, key: str) -> Result:
    """POST /item_prices/{id}. Subscriptions that hold the price keep what they were sold at."""
    doc = live(work, "item_price", key)
    _price_fields(work, doc, params)
    doc["status"] = params.choice("status", ("active", "archived")) or doc["status"]
    return _kept(work, doc, "updated")


def delete(kind: str) -> Any:
    """POST /…/{id}/delete: what is in use is only archived."""

    def deleted(work: Work, _params: Params, key: str) -> Result:
        doc = live(work, kind, key)
        in_use = {"item_family": ("item", "item_family_id"), "item": ("item_price", "item_id")}.get(kind)
        if in_use and any(not held["deleted"] for held in work.find(in_use[0], **{in_use[1]: key})):
            raise wrong("id", f"{key} is in use")
        if kind == "item_price" and _sold(work, key):
            doc["status"] = "archived"
            doc["archived_at"] = work.at
            return _kept(work, doc, "updated")
        doc["status"], doc["deleted"] = "deleted", True
        return _kept(work, doc, "deleted")

    return deleted


def _sold(work: Work, price_id: str) -> bool:
    rows = work.store.rows(
        "SELECT 1 FROM subscription, json_each(doc, '$.subscription_items') AS held "
        "WHERE json_extract(held.value, '$.item_price_id') = ? LIMIT 1", (price_id,),
    )  # fmt: skip
    return next(rows, None) is not None


def retrieve(kind: str) -> Any:
    """GET /…/{id} of a document that stands alone; deleted ones are still shown by id."""

    def retrieved(work: Work, _params: Params, key: str) -> Result:
        return {kind: work.need(kind, key)}

    return retrieved
