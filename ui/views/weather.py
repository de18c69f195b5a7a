"""What goes wrong, on the page Drive: the core dies, an ERP is away, a field is renamed; and how it is mended."""

from typing import Any

import streamlit as st

from ui.acting import act, told
from ui.client import harness
from ui.frame import guarded

RENAME = {"object": "Opportunity", "field": "Payment_Method__c", "to": "Collection_Method__c"}
REQUIRE = {"record": "invoice", "field": "custbody_sales_channel"}
SHORT = {"salesforce": "Salesforce", "subscriptions": "Platform", "erp_cloud": "Cloud ERP", "erp_legacy": "Legacy ERP"}


def weather(verbs: dict[str, Any]) -> None:
    """The panel."""
    with st.container(border=True):
        st.subheader("Let something go wrong")
        _panel(verbs)


@st.fragment(run_every=3.0)
@guarded
def _panel(verbs: dict[str, Any]) -> None:
    answer = harness().get("/sandbox")
    if not answer.ok:
        st.error(answer.problem)
        return
    now = answer.value
    placed = {one["id"]: one for one in now["disturbances"]}
    left, right = st.columns(2)
    if now["core"] == "up":
        left.button("Kill the sync core", icon=":material/bolt:", on_click=act, width="stretch",
                    args=("weather", "kill_core", {}, now["core_etag"]))  # fmt: skip
    else:
        left.button("Start the sync core", icon=":material/play_arrow:", on_click=act, type="primary", width="stretch",
                    args=("weather", "start_core", {}, now["core_etag"]))  # fmt: skip
    for column, system in zip((right, left), ("erp_cloud", "subscriptions"), strict=True):
        _outage(column, system, placed, verbs)
    for name in placed:
        if not name.endswith("-away"):
            st.button(f"End: {name.replace('-', ' ')}", key=f"end-{name}", on_click=act,
                      args=("weather", "repair", {"id": name}))  # fmt: skip
    _lost(right, placed)
    if "rename_field" in verbs:
        left.button("Rename a CRM field", key="rename", on_click=act, width="stretch", icon=":material/edit:",
                    args=("weather", "rename_field", RENAME))  # fmt: skip
    if "require_field" in verbs:
        right.button("Demand an ERP field", key="require", on_click=act, width="stretch", icon=":material/asterisk:",
                     args=("weather", "require_field", REQUIRE))  # fmt: skip
    told("weather")


def _outage(column: Any, system: str, placed: dict[str, Any], verbs: dict[str, Any]) -> None:
    name = f"{system}-away"
    own = "take_down" in verbs
    if name in placed:
        back = {"system": system} if own else {"id": name}
        column.button(f"{SHORT[system]} back", key=f"up-{system}", on_click=act, type="primary", width="stretch",
                      icon=":material/power:", args=("weather", "bring_up" if own else "repair", back))  # fmt: skip
        return
    facts: dict[str, Any] = {"system": system} if own else {"id": name, "system": system, "kind": "refuse", "times": 0}
    column.button(f"{SHORT[system]} away", key=f"down-{system}", on_click=act, width="stretch",
                  icon=":material/power_off:", args=("weather", "take_down" if own else "disturb", facts))  # fmt: skip


def _lost(column: Any, placed: dict[str, Any]) -> None:
    """The trap of every integration: applied, and the answer lost."""
    name = "an-answer-is-lost"
    if name in placed:
        return
    facts = {"id": name, "system": "erp_cloud", "kind": "lost_answer", "operation": "record.*:invoice"}
    column.button("Lose an ERP answer", key="lose", on_click=act, width="stretch", icon=":material/link_off:",
                  args=("weather", "disturb", facts))  # fmt: skip
