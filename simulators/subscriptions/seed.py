"""Seed data in the vendor's names: site settings, business entities, catalog, tax rules, webhook endpoints."""

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from simulators.kit.store import Doc
from simulators.kit.system import SeedError
from simulators.subscriptions import catalog, webhooks
from simulators.subscriptions.errors import Refused
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import SITE_DEFAULTS, Work

_ENTITY = frozenset(("id", "name", "invoice_prefix", "currency_code", "country", "status"))
_RULE = frozenset(("id", "business_entity_id", "country", "state", "city", "rate", "name", "valid_from", "valid_to",
                   "exempt_reason"))  # fmt: skip
_SITE_CHOICES = {
    "proration": ("day", "millisecond"), "tax_rounding": ("per_line", "per_invoice"),
    "chargeback": ("credit", "reopen"), "dunning_outcome": ("not_paid", "cancel"),
    "clock": ("own", "sandbox"),
}  # fmt: skip
REASONS = ("tax_not_configured", "region_non_taxable", "export", "customer_exempt", "product_exempt", "zero_rated",
           "reverse_charge", "high_value_physical_goods", "zero_value_item",
           "tax_not_configured_external_provider")  # fmt: skip


def load(work: Work, data: Mapping[str, Any]) -> dict[str, int]:
    """Load seed rows; seeding again replaces. Returns the number of rows by table; raises SeedError."""
    unknown = sorted(set(data) - set(_TABLES))
    if unknown:
        raise SeedError(f"{unknown[0]}: not one of {', '.join(_TABLES)}")
    work.silent = True
    counts: dict[str, int] = {}
    for table, place in _TABLES.items():
        if table not in data:
            continue
        rows = [data[table]] if table == "site" else data[table]
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise SeedError(f"{table}: should be a list of objects")
        for index, row in enumerate(rows):
            try:
                place(work, row)
            except (Refused, KeyError, ValueError, TypeError) as error:
                said = error.message if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
                raise SeedError(f"{table}[{index}]: {said}") from error
        counts[table] = len(rows)
    work.flush()
    return counts


def _known(row: Mapping[str, Any], names: frozenset[str]) -> None:
    unknown = sorted(set(row) - names)
    if unknown:
        raise ValueError(f"{unknown[0]} is not one of {', '.join(sorted(names))}")


def _site(work: Work, row: Mapping[str, Any]) -> None:
    _known(row, frozenset(SITE_DEFAULTS))
    ZoneInfo(row.get("timezone", "UTC"))
    for name, allowed in _SITE_CHOICES.items():
        if row.get(name, allowed[0]) not in allowed:
            raise ValueError(f"{name} is one of {', '.join(allowed)}")
    unknown = set(row.get("consolidation_separates", ())) - {"po_number", "shipping_address"}
    if unknown:
        raise ValueError(f"consolidation_separates names po_number and shipping_address, not {unknown.pop()}")
    days = row.get("usage_close_days")
    if days is not None and not (isinstance(days, int) and 0 <= days <= 50):
        raise ValueError("usage_close_days is a number of days up to 50, or null: closed by hand")
    days = row.get("renewal_reminder_days")
    if days is not None and not (isinstance(days, int) and 0 < days <= 60):
        raise ValueError("renewal_reminder_days is a number of days up to 60, or null: nobody is reminded")
    work.keep("site", {**work.site, **row, "id": "site"})


def _entity(work: Work, row: Mapping[str, Any]) -> None:
    _known(row, _ENTITY)
    entity: Doc = {
        "id": row["id"], "name": row["name"], "status": row.get("status", "active"), "deleted": False,
        "created_at": work.at, "object": "business_entity", "_invoice_prefix": row.get("invoice_prefix", ""),
    }  # fmt: skip
    for name in ("currency_code", "country"):
        if name in row:
            entity[f"_{name}"] = row[name]
    work.save("business_entity", entity)


def _rule(work: Work, row: Mapping[str, Any]) -> None:
    _known(row, _RULE)
    if row.get("exempt_reason", REASONS[0]) not in REASONS:
        raise ValueError(f"exempt_reason is one of {', '.join(REASONS)}")
    rate = str(row["rate"])
    place = "/".join(
        str(row.get(name, "")) for name in ("business_entity_id", "country", "state", "city", "valid_from")
    )
    work.keep("tax_rule", {
        **row, "business_entity_id": row.get("business_entity_id"), "country": row["country"], "name": row["name"],
        "rate": rate, "id": row.get("id", place),
    })  # fmt: skip


def _by_api(
    kind: str, create: Callable[[Work, Params], dict[str, Any]], update: Callable[[Work, Params, str], dict[str, Any]]
) -> Callable[[Work, Mapping[str, Any]], None]:
    """Catalog rows go through the API's own reading, so that bad ones are refused in its words."""

    def place(work: Work, row: Mapping[str, Any]) -> None:
        if work.get(kind, row["id"]) is None:
            params = Params(row)
            create(work, params)
        else:
            fixed = ("id", "item_family_id", "item_id", "type", "currency_code", "pricing_model", "period",
                     "period_unit")  # fmt: skip
            params = Params({name: value for name, value in row.items() if name not in fixed})
            update(work, params, row["id"])
        params.refuse_unread()

    return place


def _endpoint(work: Work, row: Mapping[str, Any]) -> None:
    params = Params({name: value for name, value in row.items() if name != "id"} | {"name": row.get("name", row["id"])})
    if work.get("webhook_endpoint", row["id"]) is not None:
        webhooks.update(work, params, row["id"])
    else:
        made = webhooks.create(work, params)["webhook_endpoint"]
        work.remove("webhook_endpoint", made["id"])
        work.save("webhook_endpoint", {**made, "id": row["id"]})
    params.refuse_unread()


_TABLES: dict[str, Callable[[Work, Mapping[str, Any]], None]] = {
    "site": _site,
    "business_entities": _entity,
    "item_families": _by_api("item_family", catalog.create_family, catalog.update_family),
    "items": _by_api("item", catalog.create_item, catalog.update_item),
    "item_prices": _by_api("item_price", catalog.create_price, catalog.update_price),
    "tax_rules": _rule,
    "webhook_endpoints": _endpoint,
}
