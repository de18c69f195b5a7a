"""Documents as the wire shows them: links, references with names, exact JSON numbers, sublists."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson

from simulators.erp_cloud.moments import sql_day
from simulators.erp_cloud.rules_money import from_e4
from simulators.erp_cloud.schemas import Field, RecordType
from simulators.erp_cloud.state import State

Doc = dict[str, Any]

SINGULAR = "application/vnd.oracle.resource+json; type=singular"
COLLECTION = "application/vnd.oracle.resource+json; type=collection"
SERVICES = "/services/rest"
RECORDS = f"{SERVICES}/record/v1"


def link(rel: str, href: str) -> dict[str, str]:
    """One entry of a `links` list."""
    return {"rel": rel, "href": href}


def number(text: str) -> orjson.Fragment:
    """A decimal text as an exact JSON number, with at least one decimal as the vendor has it: `120.5`, `100.0`."""
    whole, _, part = text.partition(".")
    return orjson.Fragment(f"{whole}.{part.rstrip('0') or '0'}")


@dataclass(frozen=True)
class View:
    """How much of a record to show."""

    base_url: str
    expand: bool = False
    only: frozenset[str] | None = None  # lower-case property names
    simple_enums: bool = False
    day: str = ""  # the account's today, for what is overdue


class Renderer:
    """Shows records."""

    def __init__(self, state: State) -> None:
        self.state = state

    def singular(self, record: RecordType, doc: Doc, view: View) -> bytes:
        """One record's body."""
        here = f"{view.base_url}{RECORDS}/{record.name}/{doc['id']}"
        shown: Doc = {"links": [link("self", here)], "id": doc["id"]}
        for name, one in self.state.fields_of(record).items():
            if view.only is not None and name not in view.only:
                continue
            if one.type == "sublist":
                lines = doc.get(one.name) or []
                shown[one.name] = (
                    self.sublist(one, lines, f"{here}/{one.name}", view) if view.expand
                    else {"links": [link("self", f"{here}/{one.name}")]}
                )  # fmt: skip
            elif (value := doc.get(one.name)) is not None:
                shown[one.name] = self._value(one, value, view, f"{here}/{one.name}")
        if record.kind == "customer":
            self._balances(shown, doc, view)
        return orjson.dumps(shown)

    def sublist(self, one: Field, lines: list[Doc], here: str, view: View) -> Doc:
        """A sublist with all its lines."""
        items = [self.line(one, line, f"{here}/{line['line']}", view) for line in lines]
        return {"links": [link("self", here)], "items": items, "totalResults": len(items)}

    def line(self, one: Field, line: Doc, here: str, view: View) -> Doc:
        """One line of a sublist."""
        shown: Doc = {"links": [link("self", here)]}
        for field in one.fields.values():
            if (value := line.get(field.name)) is not None:
                shown[field.name] = self._value(field, value, view, f"{here}/{field.name}")
        return shown

    def _value(self, one: Field, value: Any, view: View, here: str) -> Any:
        if one.type in ("money", "number"):
            return number(value)
        if one.type == "ref":
            return self.reference(one.target, value, view.base_url)
        if one.type == "enum":
            return value if view.simple_enums else {"id": value, "refName": one.values.get(value, value)}
        if one.type == "refs":
            items = [self.reference(one.target, key, view.base_url) for key in value]
            return {"links": [link("self", here)], "items": items, "totalResults": len(items)}
        if one.type == "anyref":
            return {"links": [], "id": value}
        if one.type == "subrecord":
            return {"links": [link("self", here)], **self._fields(one.fields, value, view)}
        return value

    def _fields(self, fields: Mapping[str, Field], doc: Doc, view: View) -> Doc:
        found = ((one, doc.get(one.name)) for one in fields.values())
        return {one.name: self._value(one, value, view, "") for one, value in found if value is not None}

    def reference(self, kind: str, key: str, base_url: str) -> Doc:
        """A reference with its link and name."""
        record = self.state.type_of(kind, key)
        return {
            "links": [link("self", f"{base_url}{RECORDS}/{record.name}/{key}")],
            "id": key,
            "refName": self.state.name_of(kind, key),
        }

    def _balances(self, shown: Doc, doc: Doc, view: View) -> None:
        row = self.state.store.db.execute(
            "SELECT coalesce(sum(CASE type WHEN 'CustInvc' THEN unpaid_e4 ELSE -unpaid_e4 END), 0), "
            "coalesce(sum(CASE WHEN type = 'CustInvc' AND duedate < ? THEN unpaid_e4 END), 0) "
            "FROM row_transaction WHERE entity = ? AND posting = 'T' AND unpaid_e4 != 0",
            (sql_day(view.day), int(doc["id"])),
        ).fetchone()
        for name, value in zip(("balance", "overdueBalance"), row, strict=True):
            if view.only is None or name.lower() in view.only:
                shown[name] = number(from_e4(value, 4))


def page_links(url: str, limit: int, offset: int, total: int, extra: Iterable[tuple[str, str]] = ()) -> list[Doc]:
    """Paging links, absolute: self, and first/previous/next/last where there are such pages."""
    kept = "".join(f"&{quote(name)}={quote(value)}" for name, value in extra)

    def to(rel: str, at: int) -> Doc:
        return link(rel, f"{url}?limit={limit}&offset={at}{kept}")

    last = (total - 1) // limit * limit if total else 0
    links = []
    if offset > 0:
        links += [to("previous", max(0, offset - limit)), to("first", 0)]
    if offset + limit < total:
        links += [to("next", offset + limit), to("last", last)]
    return [*links, to("self", offset)]
