"""What sales and customers do on the page Drive: offers, and what can be done with a deal as it stands."""

from typing import Any

import streamlit as st

from ui.acting import act, done, tell, told
from ui.words import slug

EXAMPLES = [
    {"name": "Hudson Analytics", "entity": "US", "country": "US", "state": "NY", "city": "New York", "zip": "10004",
     "street": "1 Broadway", "tax_id": "", "pays_by": "card"},
    {"name": "Lakeside Logistics", "entity": "US", "country": "US", "state": "IL", "city": "Chicago", "zip": "60606",
     "street": "233 S Wacker Dr", "tax_id": "", "pays_by": "transfer"},
    {"name": "Merlion Freight", "entity": "SG", "country": "SG", "state": "", "city": "Singapore", "zip": "048616",
     "street": "1 Raffles Place", "tax_id": "", "pays_by": "transfer"},
    {"name": "Isar Maschinenbau", "entity": "DE", "country": "DE", "state": "", "city": "Munich", "zip": "80331",
     "street": "Marienplatz 1", "tax_id": "", "pays_by": "transfer"},
]  # fmt: skip
BLANK = {"name": "", "country": "", "state": "", "city": "", "zip": "", "street": "", "tax_id": "", "pays_by": "card"}
NEW = "A new customer"
Button = tuple[str, str, dict[str, Any], bool]


def offer(company: dict[str, Any], verbs: dict[str, Any], known: dict[str, Any]) -> None:
    """The form for a customer, new or known, and what it is offered."""
    del verbs
    taken = {one["name"] for one in known["customers"]}
    example = next(
        (one for one in EXAMPLES if one["name"] not in taken and one["entity"] in company["entities"]),
        {**BLANK, "entity": next(iter(company["entities"]))},
    )
    with st.container(border=True):
        st.subheader("Make an offer")
        names = [NEW, *(one["name"] for one in known["customers"])]
        who = st.selectbox("Customer", names, key="offer-who")
        customer = next((one for one in known["customers"] if one["name"] == who), None)
        entity = customer["entity"] if customer else ""
        with st.form("offer", border=False):
            if customer is None:
                _new_customer(company, example)
                entity = example["entity"]
            st.markdown("**What is offered**")
            for product in company["products"]:
                price = _price(product, company, entity)
                label = f"{product['name']}{f', {price}' if price else ''}"
                first = product is company["products"][0]
                st.number_input(label, 0, 100_000, 5 if first else 0, key=f"offer-{product['sku']}")
            left, right = st.columns(2)
            left.text_input("Purchase order", key="offer-po", max_chars=40)
            right.number_input("Months", 1, 120, 12, key="offer-months")
            st.form_submit_button("Make the offer", type="primary", on_click=_offered, args=(company, customer, known))
        told("offer")


def _price(product: dict[str, Any], company: dict[str, Any], entity: str) -> str:
    currencies = company["entities"].get(entity, {}).get("currencies", [])
    found = [f"{product['prices'][one]:,} {one}" for one in currencies if one in product["prices"]]
    return found[0] if found else ""


def _new_customer(company: dict[str, Any], example: dict[str, Any]) -> None:
    entities = list(company["entities"])
    key = f"new-{example['name']}"
    st.text_input("Name", example["name"], key=f"{key}-name", max_chars=255)
    left, right = st.columns(2)
    left.selectbox("Sold by", entities, index=entities.index(example["entity"]), key=f"{key}-entity",
                   format_func=lambda name: company["entities"][name]["name"])  # fmt: skip
    right.selectbox("Pays by", ["card", "transfer"], index=["card", "transfer"].index(example["pays_by"]),
                    key=f"{key}-pays_by")  # fmt: skip
    fields = (("country", "Country"), ("state", "State"), ("city", "City"), ("zip", "Postal code"),
              ("street", "Street"), ("tax_id", "Tax registration"))  # fmt: skip
    columns = st.columns(3)
    for number, (field, label) in enumerate(fields):
        columns[number % 3].text_input(label, example[field], key=f"{key}-{field}")
    st.session_state["new-key"] = key


def _offered(company: dict[str, Any], customer: dict[str, Any] | None, known: dict[str, Any]) -> None:
    """Customer first, if new; then the deal."""
    state = st.session_state
    lines = [{"sku": one["sku"], "quantity": int(state.get(f"offer-{one['sku']}") or 0)} for one in company["products"]]
    lines = [line for line in lines if line["quantity"] > 0]
    if not lines:
        tell("offer", "warning", "Nothing is offered: say how many of which product. Nothing was done.")
        return
    if customer is None:
        key = state["new-key"]
        facts = {name: str(state.get(f"{key}-{name}") or "").strip() for name in (*BLANK, "entity")}
        if not facts["name"]:
            tell("offer", "warning", "The customer needs a name. Nothing was done.")
            return
        customer_id = slug(facts["name"])
        if not done("offer", "customer", {"id": customer_id, **facts}):
            return
    else:
        customer_id = customer["id"]
    count = sum(one["customer"] == (customer or {}).get("name") for one in known["deals"]) + 1
    name = customer["name"] if customer else facts["name"]
    called = f"{name}, order {count}"
    deal = {"id": f"{slug(customer_id)}-{count}", "name": called, "customer": customer_id, "lines": lines,
            "term_months": int(state["offer-months"])}  # fmt: skip
    if state.get("offer-po"):
        deal["po"] = str(state["offer-po"]).strip()
    act("offer", "deal", deal)


# -- what can be done with a deal as it stands ----------------------------------------------------


def buttons_of(deal: dict[str, Any], verbs: dict[str, Any]) -> list[Button]:
    """Label, verb, facts, and whether it is the natural next thing."""
    name, state = deal["id"], deal["state"]
    found: list[Button] = []
    if state == "open" and not deal["closed"]:
        found.append(("Win the deal", "close", {"deal": name}, True))
    unpaid = [bill for bill in deal["bills"] if not bill["paid"]]
    if unpaid:
        card: Button = ("Pay by card", "pay_by_card", {"deal": name}, deal["pays_by"] == "card")
        transfer: Button = ("Pay by transfer", "transfer", {"deal": name}, deal["pays_by"] != "card")
        posted = all(bill["posted"] for bill in unpaid)
        found += [card, transfer] if posted else [card]
    return [one for one in found if one[1] in verbs]


def forms_of(deal: dict[str, Any], verbs: dict[str, Any], products: list[dict[str, Any]], names: list[str]) -> None:
    """What needs more than a click: renewal, more seats, usage; each where its verb exists."""
    if deal["state"] in ("open", "won"):
        return
    kinds = verbs.get("deal", {}).get("schema", {}).get("properties", {})
    if "type" in kinds:
        left, right = st.columns(2)
        with left.popover("Renew", icon=":material/autorenew:", width="stretch"):
            _successor(deal, names, "renewal", "Seats from the term's end on", "Offer the renewal")
        with right.popover("More seats", icon=":material/add:", width="stretch"):
            _successor(deal, names, "amendment", "Seats on top", "Offer the amendment")
    if "platform_change" in verbs:
        with st.popover("The customer changes its seats itself", icon=":material/tune:"), st.form(f"self-{deal['id']}"):
            st.number_input("Seats", 1, 100_000, 5, key=f"seats-{deal['id']}")
            st.checkbox("Only from the next term on", key=f"later-{deal['id']}")
            st.form_submit_button("Change it in the platform", on_click=_changed, args=(deal,))
    meters = {product["meter"]: product["name"] for product in products if product["sku"] in deal["skus"]}
    meters.pop("", None)
    if "consume" in verbs and meters:
        with st.popover("Send usage", icon=":material/speed:"), st.form(f"use-{deal['id']}", border=False):
            st.selectbox("What was used", list(meters), format_func=lambda one: meters[one], key=f"meter-{deal['id']}")
            st.text_input("How much", "12500", key=f"much-{deal['id']}")
            st.form_submit_button("Send it", on_click=_used, args=(deal,))


def _successor(deal: dict[str, Any], names: list[str], kind: str, label: str, submit: str) -> None:
    number = sum(name.startswith(f"{deal['id']}-{kind}-") for name in names) + 1
    with st.form(f"{kind}-{deal['id']}", border=False):
        st.number_input(label, 1, 100_000, 5, key=f"{kind}-seats-{deal['id']}")
        st.form_submit_button(submit, on_click=_succeeded, args=(deal, kind, number))


def _succeeded(deal: dict[str, Any], kind: str, number: int) -> None:
    seats = int(st.session_state[f"{kind}-seats-{deal['id']}"])
    facts = {
        "id": f"{deal['id']}-{kind}-{number}", "name": f"{deal['name']}, {kind} {number}", "type": kind,
        "of": deal["id"], "customer": deal["customer_id"],
        "lines": [{"sku": deal["skus"][0], "quantity": seats}],
    }  # fmt: skip
    act(deal["id"], "deal", facts, deal["etag"])


def _changed(deal: dict[str, Any]) -> None:
    state = st.session_state
    facts = {"deal": deal["id"], "seats": int(state[f"seats-{deal['id']}"]),
             "at_term_end": bool(state[f"later-{deal['id']}"])}  # fmt: skip
    act(deal["id"], "platform_change", facts, deal["etag"])


def _used(deal: dict[str, Any]) -> None:
    state = st.session_state
    facts = {"deal": deal["id"], "meter": str(state[f"meter-{deal['id']}"]).strip(),
             "quantity": str(state[f"much-{deal['id']}"]).replace(",", "").strip()}  # fmt: skip
    act(deal["id"], "consume", facts)
