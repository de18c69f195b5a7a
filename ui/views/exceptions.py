"""Exceptions: what waits for a person, with whom and what it is about, resolved without code."""

from typing import Any

import streamlit as st

from ui.acting import act, decide, done, tell, told
from ui.client import harness, looked
from ui.frame import guarded
from ui.words import exception_title, safe, sentence, when

CHOICES = {
    "fix_account": "Correct the account",
    "map_item": "Map the product",
    "create_erp_item": "Create the item in the ERP",
    "map_field": "Say what the field is now",
    "fix_opportunity": "Correct the deal",
    "set_policy": "Set the policy",
    "retry": "Try again",
    "abandon": "Give up",
}
ELSEWHERE = {
    "fix_opportunity": "Correct the deal in Salesforce: the sandbox takes any Salesforce client (`windtunnel env`). "
    "The sync core notices by itself.",
    "set_policy": "Set it on the page *Drive*, under *Everything else that a story can do*: *set policy*.",
}
ACCOUNT = {"tax_id": "Tax registration number", "name": "Name", "country": "Country", "state": "State", "city": "City",
           "street": "Street", "zip": "Postal code", "entity": "Selling entity"}  # fmt: skip


@guarded
def exceptions() -> None:
    """The page."""
    st.title("Exceptions")
    st.caption("What the sync core parked for a person: fix the data or the mapping, and the deal completes by itself.")
    told("exceptions")
    _list()


@st.fragment(run_every=3.0)
@guarded
def _list() -> None:
    found = looked(harness().get("/exceptions"))
    waiting = [one for one in found if one["state"] == "open"]
    if not waiting:
        st.success("Nothing waits for a person.", icon=":material/done_all:")
    for one in waiting:
        _card(one)
    past = [one for one in found if one["state"] != "open"]
    if past:
        with st.expander(f"Resolved and given up ({len(past)})"):
            for one in past:
                who = f" · {safe(one['customer']['name'])}" if one["customer"] else ""
                end = f" {safe(sentence(one['resolution']))}" if one["resolution"] else ""
                st.markdown(f"- **{exception_title(one['kind'])}**{who} · :green-badge[{one['state']}]{end}")


def _card(one: dict[str, Any]) -> None:
    customer = one["customer"]
    with st.container(border=True):
        who = f" · {safe(customer['name'])}" if customer else ""
        st.markdown(f"#### {exception_title(one['kind'])}{who}")
        st.markdown(sentence(safe(one["reason"])))
        st.caption(
            f"About {safe(one['about'])} · owner: {safe(one['owner'].replace('-', ' '))} · "
            f"since {when(one['opened'])} · due {when(one['due'])} · {one['id']}"
        )
        offered = [name for name in CHOICES if name in one["actions"]]
        key = f"choice-{one['id']}"
        chosen = st.segmented_control(
            "What resolves it", offered, format_func=lambda name: CHOICES[name], key=key,
            default=offered[0] if offered else None,
        )  # fmt: skip
        told(one["id"])
        if chosen == "fix_account" and customer:
            _account(one, customer)
        elif chosen == "map_item":
            _map(one)
        elif chosen == "create_erp_item":
            _item(one)
        elif chosen == "map_field":
            _field(one)
        elif chosen in ELSEWHERE:
            st.info(ELSEWHERE[chosen])
        elif chosen == "retry":
            st.button("Try again now", key=f"retry-{one['id']}", type="primary", on_click=_retry, args=(one,))
        elif chosen == "abandon":
            _give_up(one)


def _retry(one: dict[str, Any]) -> None:
    decide("exceptions", one["id"], "retry", one["etag"])


def _give_up(one: dict[str, Any]) -> None:
    with st.form(f"abandon-{one['id']}", border=False):
        st.text_input("Why is it given up?", key=f"why-{one['id']}", max_chars=500)
        st.form_submit_button("Give it up", on_click=_abandon, args=(one,))


def _abandon(one: dict[str, Any]) -> None:
    reason = str(st.session_state.get(f"why-{one['id']}", ""))
    where = "exceptions" if len(reason.strip()) >= 3 else one["id"]
    decide(where, one["id"], "abandon", one["etag"], reason)


def _account(one: dict[str, Any], customer: dict[str, Any]) -> None:
    with st.form(f"account-{one['id']}", border=False):
        columns = st.columns(4)
        for number, (field, label) in enumerate(ACCOUNT.items()):
            columns[number % 4].text_input(label, customer[field], key=f"{one['id']}-{field}")
        st.form_submit_button("Correct it in Salesforce", type="primary", on_click=_corrected, args=(one, customer))


def _corrected(one: dict[str, Any], customer: dict[str, Any]) -> None:
    given = {field: str(st.session_state.get(f"{one['id']}-{field}", "")).strip() for field in ACCOUNT}
    changed = {field: value for field, value in given.items() if value != customer[field]}
    if not changed:
        tell(one["id"], "warning", "Nothing was changed: correct a field first.")
        return
    act("exceptions", "fix_account", {"customer": customer["id"], **changed}, customer["etag"])


def _map(one: dict[str, Any]) -> None:
    sku = one["details"].get("sku", "")
    answer = harness().get("/catalogue")
    if not answer.ok:
        st.warning(answer.problem)
        return
    catalogue = answer.value
    now = catalogue["mappings"].get(sku, {"kind": "charge", "platform_item": "", "prices": {}, "erp_item": ""})
    items = {row["id"]: f"{row['name']} ({row['id']})" for row in catalogue["erp_items"]}
    with st.form(f"map-{one['id']}", border=False):
        st.markdown(f"Product **{safe(sku)}** stands for")
        left, middle, right = st.columns(3)
        known = sorted({row["item"] for row in catalogue["prices"]} | ({now["platform_item"]} - {""}))
        platform = now["platform_item"] if now["platform_item"] in known else None
        left.selectbox("on the platform", known, index=known.index(platform) if platform else 0,
                       key=f"{one['id']}-platform")  # fmt: skip
        erp = list(items)
        middle.selectbox("in the cloud ERP", erp, format_func=lambda name: items[name], key=f"{one['id']}-erp",
                         index=erp.index(now["erp_item"]) if now.get("erp_item") in erp else 0)  # fmt: skip
        legacy = (now.get("legacy") or {}).get("HKONT", "")
        right.text_input("revenue account in the legacy ERP", legacy, key=f"{one['id']}-legacy", max_chars=10)
        st.form_submit_button("Map it", type="primary", on_click=_mapped, args=(one, sku, now, catalogue))


def _mapped(one: dict[str, Any], sku: str, now: dict[str, Any], catalogue: dict[str, Any]) -> None:
    state = st.session_state
    platform = state.get(f"{one['id']}-platform") or now["platform_item"]
    prices = now["prices"]
    if platform != now["platform_item"]:
        prices = {row["currency"]: row["id"] for row in catalogue["prices"] if row["item"] == platform}
    value = {**now, "platform_item": platform, "prices": prices, "erp_item": state.get(f"{one['id']}-erp") or ""}
    account = str(state.get(f"{one['id']}-legacy", "")).strip()
    if account:
        value["legacy"] = {**(now.get("legacy") or {}), "HKONT": account}
    act("exceptions", "map_item", {"sku": sku, "value": value}, one["etag"])


def _field(one: dict[str, Any]) -> None:
    details = one["details"]
    record, field = details.get("object", ""), details.get("field", "")
    with st.form(f"field-{one['id']}", border=False):
        st.markdown(f"Field **{safe(field)}** of **{safe(record)}**")
        left, right = st.columns(2)
        left.text_input("It was renamed: its name is now", key=f"{one['id']}-renamed", max_chars=80)
        right.text_input("It is demanded: always send this value", key=f"{one['id']}-default", max_chars=200)
        st.form_submit_button("Tell the sync core", type="primary", on_click=_field_told, args=(one,))


def _field_told(one: dict[str, Any]) -> None:
    details, state = one["details"], st.session_state
    renamed = str(state.get(f"{one['id']}-renamed", "")).strip()
    default = str(state.get(f"{one['id']}-default", "")).strip()
    if not renamed and not default:
        tell(one["id"], "warning", "Say its name now, or the value to send. Nothing was done.")
        return
    system, record, field = (str(details.get(name, "")) for name in ("target", "object", "field"))
    known = harness().get("/catalogue")
    if not known.ok:
        tell(one["id"], "warning", known.problem)
        return
    now = known.value["fields"].get(f"{system}/{record}", {})  # what was told before stays
    facts = {
        "system": system, "object": record, "names": now.get("names", {}) | ({field: renamed} if renamed else {}),
        "defaults": now.get("defaults", {}) | ({field: default} if default else {}),
    }  # fmt: skip
    act("exceptions", "map_fields", facts)


def _item(one: dict[str, Any]) -> None:
    answer = harness().get("/catalogue")
    if not answer.ok:
        st.warning(answer.problem)
        return
    accounts = {row["id"]: row["name"] for row in answer.value["income_accounts"]}
    with st.form(f"item-{one['id']}", border=False):
        left, right = st.columns(2)
        left.text_input("Name of the item", one["details"].get("sku", ""), key=f"{one['id']}-item")
        right.selectbox("Income account", list(accounts), format_func=lambda name: accounts[name],
                        key=f"{one['id']}-income")  # fmt: skip
        st.form_submit_button("Create it", type="primary", on_click=_created, args=(one,))


def _created(one: dict[str, Any]) -> None:
    state = st.session_state
    facts = {
        "external_id": one["details"].get("erp_item") or one["details"].get("sku", ""),
        "name": str(state.get(f"{one['id']}-item", "")).strip(), "income_account": state.get(f"{one['id']}-income"),
        "subsidiaries": one["subsidiaries"],
    }  # fmt: skip
    if done(one["id"], "erp_item", facts):
        decide("exceptions", one["id"], "retry", one["etag"])
