"""Customer: everything that happened to one customer, over all systems, in words."""

from itertools import groupby
from typing import Any

import streamlit as st

from ui.client import harness, looked
from ui.frame import guarded
from ui.views.books import facts
from ui.words import STATE_SHORT, STATE_WORDS, SYSTEM_COLOURS, day, safe, sentence


@guarded
def customer() -> None:
    """The page."""
    st.title("Customer")
    st.caption("What people did, what it led to in each system, and what waits.")
    line = harness()
    found = looked(line.get("/deals"))
    if not found["customers"]:
        st.info("There is no customer yet. Make one on the page *Drive*.")
        return
    names = {one["account_id"]: one["name"] for one in found["customers"]}
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    chosen = left.selectbox("Customer", list(names), format_func=lambda account: names[account])
    if right.button("Look again", icon=":material/refresh:"):
        st.rerun()
    told = looked(line.get(f"/customers/{chosen}/timeline"))
    _deals([deal for deal in found["deals"] if deal["account_id"] == chosen])
    for one in told["waiting"]:
        st.warning(f"Waits for a person: {safe(one['reason'])}. See the page *Exceptions*.")
    st.subheader("Timeline")
    timeline(told["entries"])
    st.subheader("In each system's books")
    facts(looked(line.get("/books", account=chosen)))


def _deals(deals: list[dict[str, Any]]) -> None:
    for deal in deals:
        with st.container(border=True):
            state = STATE_SHORT.get(deal["state"], deal["state"])
            words = STATE_WORDS.get(deal["state"], deal["state"])
            st.markdown(f"**{safe(deal['name'])}** · {safe(deal['net'])} net · :blue-badge[{state}] {words}")
            for bill in deal["bills"]:
                paid = (
                    "paid"
                    if bill["paid"]
                    else f"{safe(bill['open'])} open, due {day(bill['due'])}"
                    if bill["due"]
                    else "open"
                )
                st.caption(f"Bill {safe(bill['number'])}: {safe(bill['gross'])} gross, {paid}")


def timeline(entries: list[dict[str, Any]]) -> None:
    """Day by day; the system's name stands beside what happened there."""
    if not entries:
        st.caption("Nothing has happened yet.")
    for date, of_day in groupby(entries, key=lambda entry: entry["at"][:10]):
        st.markdown(f"**{day(date)}**")
        lines = []
        for entry in of_day:
            colour = SYSTEM_COLOURS.get(entry["system"], "gray")
            badge = f":{colour}-badge[{safe(entry['where'])}]"
            lines.append(f"- `{entry['at'][11:19]}` {badge} {safe(sentence(entry['what']))}")
        st.markdown("\n".join(lines))
