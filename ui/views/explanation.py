"""Why a run did not hold: the first moment, the calls around it, the customer's story, what a calm run did instead."""

from typing import Any

import streamlit as st

from ui.client import harness
from ui.views.customer import timeline
from ui.words import safe, sentence, table

SHOWN = 20  # differences


def explanation(run_id: str) -> None:
    """A button, and what it found out; the run is flown again for it, which takes some seconds."""
    key = f"explained-{run_id}"
    if key not in st.session_state and not st.button("Why?", icon=":material/troubleshoot:", key=f"why-{run_id}"):
        return
    if key not in st.session_state:
        with st.spinner("Flying it again"):
            answer = harness().get(f"/runs/{run_id}/explanation")
        if not answer.ok:
            st.warning(answer.problem)
            return
        st.session_state[key] = answer.value
    _show(st.session_state[key])


def _show(found: dict[str, Any]) -> None:
    with st.expander("Why it does not hold", expanded=True):
        st.markdown(safe(sentence(found["said"])))
        if found["around"]:
            st.markdown("**Calls around it**")
            st.markdown(table(["", "When", "Call", "Answer"], [_call(row) for row in found["around"]]))
        whose = found["customer"]["name"] if found["customer"] else "all customers"
        st.markdown(f"**What happened to {safe(whose)}**")
        timeline(found["timeline"])
        _calm(found["calm"])


def _call(row: dict[str, Any]) -> list[str]:
    mark = ":red[:material/arrow_forward:]" if row["when"] == "then" else ""
    answer = " ".join(str(part) for part in (row["status"], row["fault"]) if part)
    return [mark, f"`{row['at'][11:19]}`", safe(row["what"]), safe(answer)]


def _calm(calm: dict[str, Any] | None) -> None:
    if calm is None:
        st.caption("No run beside it holds, so there is none to compare with.")
        return
    st.markdown(f"**The run beside it**: {safe(calm['what'])}, which holds")
    rows = [[safe(row["fact"]), safe(row["here"]), safe(row["there"])] for row in calm["facts"][:SHOWN]]
    rows += [[safe(row["call"]), f"{row['here']} times", f"{row['there']} times"] for row in calm["calls"][:SHOWN]]
    st.markdown(table(["What", "Here", "There"], rows))
