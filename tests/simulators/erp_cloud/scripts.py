"""RESTlets as a user writes them."""

from typing import Any

from simulators.erp_cloud import Restlet, RestletError


def orders(request: Restlet) -> Any:
    """GET lists a customer's invoices, POST bills and pays in one call, PUT notes, DELETE takes back."""
    if request.method == "GET":
        return request.query("SELECT tranid, foreigntotal FROM transaction WHERE entity = ? AND type = 'CustInvc'",
                             request.params["customer"])  # fmt: skip
    if request.method == "POST":
        if not request.body.get("lines"):
            raise RestletError("NO_LINES", "An order needs lines.")
        invoice = request.create("invoice", {"entity": request.body["customer"], "item": {"items": [
            {"item": "22", "amount": line} for line in request.body["lines"]
        ]}})  # fmt: skip
        total = request.load("invoice", invoice)["total"]
        request.create("customerPayment", {
            "customer": request.body["customer"], "payment": total, "apply": {"items": [{"doc": invoice}]},
        })  # fmt: skip
        return {"invoice": invoice, "total": total, "units": request.units, "by": request.role}
    if request.method == "PUT":
        request.update("invoice", request.body["invoice"], {"memo": request.body["memo"]})
        return "noted"
    request.delete("invoice", request.params["invoice"])
    return None


def greedy(request: Restlet) -> Any:
    """Works until its units are used up."""
    for number in range(1_000):
        request.create("customer", {"companyName": f"C{number}", "subsidiary": "1"})


def broken(_request: Restlet) -> Any:
    """A user's defect."""
    return 1 / 0
