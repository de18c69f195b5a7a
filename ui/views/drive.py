"""Drive: what business does, what goes wrong, and time, as buttons; beside it how far every deal has come."""

from typing import Any

import streamlit as st

from ui import acting
from ui.acting import act, told
from ui.client import harness, looked
from ui.frame import guarded
from ui.views import selling, weather
from ui.views.anything import anything
from ui.views.usage import usage
from ui.words import STATE_SHORT, STATE_WORDS, STATES, day, safe, when

SPANS = {"1 h": "1h", "1 d": "1d", "1 w": "7d", "30 d": "30d"}


@guarded
def drive() -> None:
    """The page."""
    st.title("Drive")
    st.caption("Do what business does, let time pass, let things go wrong, and watch the systems agree.")
    line = harness()
    company = looked(line.get("/sandbox"))
    verbs = looked(line.get("/verbs"))
    left, right = st.columns([11, 9], gap="medium")
    with left:
        _deals(verbs, company["products"])
    with right:
        _time()
        selling.offer(company, verbs, looked(line.get("/deals")))
        weather.weather(verbs)
        usage(verbs)
        anything(verbs)


@st.fragment(run_every=2.0)
@guarded
def _deals(verbs: dict[str, Any], products: list[dict[str, Any]]) -> None:
    found = looked(harness().get("/deals"))
    st.subheader("Deals")
    told("deals")
    if not found["deals"]:
        st.info("No deal yet. Make an offer at the right: an example is filled in already.")
    for deal in found["deals"]:
        _deal(deal, verbs, products, [one["id"] for one in found["deals"]])


def _deal(deal: dict[str, Any], verbs: dict[str, Any], products: list[dict[str, Any]], names: list[str]) -> None:
    with st.container(border=True):
        po = f" · PO {safe(deal['po'])}" if deal["po"] else ""
        st.markdown(f"**{safe(deal['name'])}**  \n{safe(deal['customer'])} · {safe(deal['entity'])} · "
                    f"{safe(deal['net'])} net{po}")  # fmt: skip
        st.markdown(_path(deal["state"]))
        if deal["waits"]:
            st.warning(f"Waits for a person: {safe(deal['waits'])}. See the page *Exceptions*.")
        for bill in deal["bills"]:
            due = f", due {day(bill['due'])}" if bill["due"] else ""
            how = "paid" if bill["paid"] else f"{safe(bill['open'])} open{due}"
            st.caption(f"Bill {safe(bill['number'])}: {safe(bill['gross'])} gross, {how}")
        buttons = selling.buttons_of(deal, verbs)
        for column, (label, verb, facts, first) in zip(st.columns(max(3, len(buttons))), buttons, strict=False):
            column.button(
                label, key=f"{verb}-{label}-{deal['id']}", type="primary" if first else "secondary",
                on_click=act, args=("deals", verb, facts, deal["etag"]), width="stretch",
            )  # fmt: skip
        selling.forms_of(deal, verbs, products, names)
        told(deal["id"])


def _path(state: str) -> str:
    """The way of a deal, as far as it has come."""
    at = STATES.index(state) if state in STATES else 0
    steps = [
        f":green-badge[:material/check: {STATE_SHORT[name]}]" if number < at or name == "paid" == state
        else f":blue-badge[{STATE_SHORT[name]}]" if number == at else f":gray-badge[{STATE_SHORT[name]}]"
        for number, name in enumerate(STATES)
    ]  # fmt: skip
    return f"{' '.join(steps)}  \n{STATE_WORDS.get(state, state)}"


@st.fragment(run_every=1.5)
@guarded
def _time() -> None:
    acting.follow()
    line = harness()
    clock = looked(line.get("/clock"))
    busy = looked(line.get("/sandbox"))["busy"]
    with st.container(border=True):
        st.subheader("Time")
        st.markdown(f"It is **{when(clock['now'])}** (business time, UTC).")
        if busy and busy["share"] is not None:
            st.progress(
                busy["share"], text=f"On the way to {when(busy['to'])}: all that falls due happens in its order"
            )
        columns = st.columns(len(SPANS))
        for column, (label, span) in zip(columns, SPANS.items(), strict=True):
            column.button(f"+{label}", key=f"advance-{span}", on_click=act, disabled=bool(busy), width="stretch",
                          args=("time", "advance", {"by": span}, clock["etag"]))  # fmt: skip
        told("time")
        st.markdown("**What falls due next**")
        if not clock["due"]:
            st.caption("Nothing.")
        lines = [f"- `{when(one['at'])}` {safe(one['where'])}: {safe(one['what'])}" for one in clock["due"][:5]]
        st.markdown("\n".join(lines))
        if clock["due"]:
            until = clock["due"][0]["at"]
            st.button("Go there, to the first of these", key="advance-due", on_click=act, disabled=bool(busy),
                      args=("time", "advance", {"until": until}, clock["etag"]))  # fmt: skip
