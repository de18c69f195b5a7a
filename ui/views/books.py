"""Books: the tie-out side by side with every reconciling item, and the same facts in all systems."""

from typing import Any

import streamlit as st

from ui.client import harness, looked
from ui.frame import guarded
from ui.words import IDENTITY_WORDS, safe, table, when

AMOUNTS = {2, 3, 5, 6}


@guarded
def books() -> None:
    """The page."""
    st.title("Books")
    st.caption("What each system's own books say. Book A less the named reconciling items must be book B, to the cent.")
    line = harness()
    company = looked(line.get("/sandbox"))
    found = looked(line.get("/books"))
    if st.button("Look again", icon=":material/refresh:"):
        st.rerun()
    st.caption(f"Read at {when(found['at'])} UTC, business time.")
    _verdict(found)
    groups = found["tie_out"]
    if not groups:
        st.info("There is nothing in the books yet. Make an offer and win it on the page *Drive*.")
        return
    tie_out(_chosen(groups), company["entities"])
    st.subheader("The same facts in each system's books")
    facts(found)


def _verdict(found: dict[str, Any]) -> None:
    if not found["core_known"]:
        st.warning("The sync core is not running, so nobody can say why something has not arrived yet.")
    if found["unread"]:
        st.warning(f"{len(found['unread'])} rows could not be read: {safe(found['unread'][0])}")
    if not found["tie_out"]:
        return
    if found["holds"]:
        waiting = sum(len(row["items"]) for group in found["tie_out"] for row in group["rows"])
        more = (
            f" {waiting} reconciling {'item, with its' if waiting == 1 else 'items, each with its'} reason."
            if waiting
            else ""
        )
        st.success(f"The books agree: 0.00 unexplained.{more}", icon=":material/balance:")
    else:
        st.error("The books do not agree: see the lines in red.", icon=":material/error:")


def _chosen(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    left, right = st.columns(2)
    entities = sorted({group["entity"] for group in groups})
    currencies = sorted({group["currency"] for group in groups})
    entity = left.selectbox("Entity", ["All entities", *entities])
    currency = right.selectbox("Currency", ["All currencies", *currencies])
    return [
        group
        for group in groups
        if entity in ("All entities", group["entity"]) and currency in ("All currencies", group["currency"])
    ]


def tie_out(groups: list[dict[str, Any]], entities: dict[str, Any]) -> None:
    """One table for each entity and currency."""
    for group in groups:
        name = entities.get(group["entity"], {}).get("name", group["entity"] or "No entity")
        with st.container(border=True):
            sign = ":green-badge[agrees]" if group["holds"] else ":red-badge[does not agree]"
            st.markdown(f"**{safe(name)}** · {safe(group['currency'])} {sign}")
            head = ["What must agree", "Book A", "A", "Reconciling", "Book B", "B", "Unexplained"]
            st.markdown(table(head, [_cells(row) for row in group["rows"]], AMOUNTS))
            st.markdown("\n".join(_reasons(group["rows"])))


def _cells(row: dict[str, Any]) -> list[str]:
    unexplained = f":{'green' if row['holds'] else 'red'}[{row['unexplained']}]"
    return [
        IDENTITY_WORDS.get(row["identity"], safe(row["identity"])), safe(row["a"]["book"]), row["a"]["amount"],
        row["reconciling"] if row["items"] else "-", safe(row["b"]["book"]), row["b"]["amount"], unexplained,
    ]  # fmt: skip


def _reasons(rows: list[dict[str, Any]]) -> list[str]:
    """Each reconciling item and each break, with the document and the reason."""
    found = []
    for row in rows:
        what = IDENTITY_WORDS.get(row["identity"], row["identity"])
        items = [(item, "orange", item["kind"]) for item in row["items"]]
        for one, colour, kind in [*items, *((gap, "red", "break") for gap in row["breaks"])]:
            about = safe(one.get("about") or one["document"])
            found.append(f"- {safe(what)}: :{colour}-badge[{safe(kind)}] **{one['amount']}** "
                         f"{safe(row['currency'])} · {about}: {safe(one['reason'])}")  # fmt: skip
    return found


def _title(name: str) -> str:
    return name[:1].upper() + name[1:]


def facts(found: dict[str, Any]) -> None:
    """Customer by customer: master record, deal, contract, bills and payments as each system has them."""
    systems = list(found["systems"])
    head = ["Fact", *(safe(_title(found["systems"][system])) for system in systems)]
    by_account: dict[str, list[list[str]]] = {}
    for row in found["facts"]:
        name = found["accounts"].get(row["account"], "")
        fact = "customer" if row["fact"] == name else row["fact"]
        cells = [safe(fact), *(safe(row.get(system) or "") for system in systems)]
        by_account.setdefault(row["account"], []).append(cells)
    for account, rows in by_account.items():
        st.markdown(f"**{safe(found['accounts'].get(account, account))}**")
        st.markdown(table(head, rows))
