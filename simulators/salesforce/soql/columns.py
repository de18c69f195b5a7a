"""What a query's columns are: the answer to `/query?q=…&columns=true`, by which the vendor's own CLI lays out rows."""

from typing import Any

from simulators.kit.fidelity import approximate, exact
from simulators.salesforce.schemas import Field, SObject
from simulators.salesforce.soql.plan import Aggregate, Child, Count, Leaf, Node, Rows, Total, Typed

exact(
    "`/query?q=…&columns=true`: columns instead of records, parents and child lists as joinColumns (asked by "
    "`sf data query` after each query that found something)",
    source="recorded",
    held_by="test_query_columns",
)
approximate("apexType of columns", "is by the field's type; recorded are Id, String and that of functions (null)")

_APEX = {
    "id": "Id", "reference": "Id", "boolean": "Boolean", "date": "Date", "datetime": "Datetime", "time": "Time",
    "int": "Integer", "double": "Double", "currency": "Decimal", "percent": "Double", "address": "Address",
}  # fmt: skip
_NUMBERS = ("int", "double", "currency", "percent")
_NO_TEXT = (*_APEX, "anyType")


def described(body: Rows | Count | Aggregate) -> dict[str, Any]:
    """`columnMetadata` of a query in the order of its SELECT, with what it is about."""
    if isinstance(body, Aggregate):
        columns = [_total(column) for column in body.columns]
    else:
        columns = _of_node(body.node) if isinstance(body, Rows) else []
    return {
        "columnMetadata": columns,
        "entityName": body.sobject.name,
        "groupBy": isinstance(body, Aggregate),
        "idSelected": any(column["columnName"] == "Id" for column in columns),
        "keyPrefix": body.sobject.prefix,
    }


def _of_node(node: Node) -> list[dict[str, Any]]:
    return [_entry(node.sobject, entry) for entry in node.entries]


def _entry(sobject: SObject | None, entry: Leaf | Child | Typed | tuple[str, Node]) -> dict[str, Any]:
    if isinstance(entry, Leaf):
        return _of_field(entry.key, entry.field)
    if isinstance(entry, Child):
        return _column(entry.key, aggregate=True, joinColumns=_of_node(entry.plan.node))
    if isinstance(entry, Typed):
        shown = {leaf.key: leaf for leaves in (*entry.branches.values(), entry.otherwise or []) for leaf in leaves}
        joined = [_of_field(leaf.key, leaf.field) for leaf in shown.values()]
        return _column(entry.key, foreignKeyName=_by(sobject, entry.key), joinColumns=joined)
    name, parent = entry
    return _column(name, foreignKeyName=_by(sobject, name), joinColumns=_of_node(parent))


def _by(sobject: SObject | None, relationship: str) -> str | None:
    reference = sobject.parents.get(relationship.lower()) if sobject else None
    return reference.name if reference else None


def _of_field(name: str, item: Field) -> dict[str, Any]:
    return _column(
        name, apexType=_APEX.get(item.type, "String"), custom=item.custom, insertable=item.createable,
        updatable=item.updateable, **_kinds(item.type),
    )  # fmt: skip


def _total(column: Total) -> dict[str, Any]:
    if column.field is not None and column.called.rpartition(".")[2].lower() == column.field.name.lower():
        return _of_field(column.key, column.field)
    return _column(column.key, aggregate=True, displayName=column.called, **_kinds(column.type))


def _kinds(kind: str) -> dict[str, bool]:
    return {"booleanType": kind == "boolean", "numberType": kind in _NUMBERS, "textType": kind not in _NO_TEXT}


def _column(name: str, **told: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "aggregate": False, "apexType": None, "booleanType": False, "columnName": name, "custom": False,
        "displayName": name, "foreignKeyName": None, "insertable": False, "joinColumns": [], "numberType": False,
        "textType": False, "updatable": False,
    }  # fmt: skip
    return plain | told
