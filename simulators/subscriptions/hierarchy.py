"""Account hierarchy: parents, who is invoiced, who pays, and what each may see of the other."""

from typing import Any

from simulators.kit.fidelity import approximate
from simulators.kit.store import Doc
from simulators.subscriptions import customers
from simulators.subscriptions.errors import bad_state, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

approximate(
    "account hierarchy",
    "`payment_owner` pays by its own payment source; the bill stays with the customer also when another "
    "is its invoice owner",
    source="ours",
)

Result = dict[str, Any]

DEPTH_MAX = 9
_OWNERS = ("payment_owner_id", "invoice_owner_id")
_ACCESS = {
    "parent_account_access": ("portal_edit_child_subscriptions", "portal_download_child_invoices"),
    "child_account_access": ("portal_edit_subscriptions", "portal_download_invoices"),
}
_RIGHTS = ("yes", "view_only", "no")
_MAILS = ("send_subscription_emails", "send_invoice_emails", "send_payment_emails")


def relate(work: Work, params: Params, key: str) -> Result:
    """POST /customers/{id}/relationships: parent, and who of customer and parent is invoiced and pays."""
    customer = customers.live(work, key)
    relation = dict(customer.get("relationship", {}))
    parent = params.text("parent_id")
    if parent is not None:
        if key in [one["id"] for one in _above(work, customers.live(work, parent, "parent_id"))]:
            raise wrong("parent_id", f"{parent} stands below {key}")
        relation["parent_id"] = parent
    if "parent_id" not in relation:
        raise wrong("parent_id", "cannot be blank")
    if len(_above(work, customers.live(work, relation["parent_id"], "parent_id"))) >= DEPTH_MAX:
        raise bad_state(f"a hierarchy has at most {DEPTH_MAX + 1} levels", "parent_id")
    for name in _OWNERS:
        owner = params.text(name)
        if owner is None and name not in relation:
            raise wrong(name, "cannot be blank")
        if owner is not None:
            allowed = [key, *(one["id"] for one in _above(work, customers.live(work, relation["parent_id"])))]
            if owner not in allowed:
                raise wrong(name, "is neither the customer nor above it")
            relation[name] = owner
    customer["relationship"] = {**relation, "object": "relationship"}
    customer["_parent"] = relation["parent_id"]
    _settings(customer, params)
    answer = customers.changed(work, customer)
    work.emit("hierarchy_created", customer=customer)
    return {"customer": answer["customer"]}


def _settings(customer: Doc, params: Params) -> None:
    default = params.boolean("use_default_hierarchy_settings")
    if default is not None:
        customer["use_default_hierarchy_settings"] = default
    for kind, rights in _ACCESS.items():
        group = params.group(kind)
        if not group:
            continue
        access: Doc = dict(customer.get(kind, {"object": kind}))
        for name in rights:
            right = group.choice(name, _RIGHTS)
            if right is not None:
                access[name] = right
        for name in _MAILS:
            flag = group.boolean(name)
            if flag is not None:
                access[name] = flag
        customer[kind] = access


def settings(work: Work, params: Params, key: str) -> Result:
    """POST /customers/{id}/update_hierarchy_settings."""
    customer = customers.live(work, key)
    if "relationship" not in customer:
        raise bad_state("the customer has no parent")
    _settings(customer, params)
    return {"customer": customers.changed(work, customer)["customer"]}


def unrelate(work: Work, _params: Params, key: str) -> Result:
    """POST /customers/{id}/delete_relationship: the customer stands alone again."""
    customer = customers.live(work, key)
    if "relationship" not in customer:
        raise bad_state("the customer has no parent")
    for name in ("relationship", "_parent", "parent_account_access", "child_account_access"):
        customer.pop(name, None)
    answer = customers.changed(work, customer)
    work.emit("hierarchy_deleted", customer=customer)
    return {"customer": answer["customer"]}


def _above(work: Work, customer: Doc) -> list[Doc]:
    """The customer and all above it, up to the root."""
    line = [customer]
    while (parent := work.get("customer", line[-1].get("_parent"))) is not None:
        line.append(parent)
    return line


def _below(work: Work, customer: Doc) -> list[Doc]:
    """The customer and all below it, parents before children."""
    found = [customer]
    for one in found:
        found += [child for child in work.find("customer", parent=one["id"]) if not child["deleted"]]
    return found


def _row(work: Work, customer: Doc) -> Doc:
    relation = customer.get("relationship", {})
    children = [child["id"] for child in work.find("customer", parent=customer["id"]) if not child["deleted"]]
    row: Doc = {
        "customer_id": customer["id"], "parent_id": relation.get("parent_id"),
        "payment_owner_id": relation.get("payment_owner_id", customer["id"]),
        "invoice_owner_id": relation.get("invoice_owner_id", customer["id"]),
        "has_children": bool(children), "children_ids": children, "object": "hierarchy",
    }  # fmt: skip
    return {name: value for name, value in row.items() if value is not None}


def hierarchy(work: Work, params: Params, key: str) -> Result:
    """GET /customers/{id}/hierarchy: the whole tree that it stands in, or the subtree below it."""
    return {"hierarchies": [_row(work, one) for one in _asked(work, params, key)]}


def detail(work: Work, params: Params, key: str) -> Result:
    """GET /customers/{id}/hierarchy_detail: the same as a list."""
    return params.page([{"hierarchy": _row(work, one)} for one in _asked(work, params, key)])


def _asked(work: Work, params: Params, key: str) -> list[Doc]:
    customer = customers.live(work, key)
    what = params.choice(
        "hierarchy_operation_type", ("complete_hierarchy", "subordinates", "path_to_root"), required=True
    )
    if what == "path_to_root":
        return _above(work, customer)
    return _below(work, _above(work, customer)[-1] if what == "complete_hierarchy" else customer)
