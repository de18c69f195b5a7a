"""What every page shows: business time, whether the core is up, what is under way; and the guard against traces."""

import functools
import logging
from collections.abc import Callable
from typing import Any

import streamlit as st

from ui.client import harness
from ui.words import when

log = logging.getLogger("ui")
FAILED = "Something on this page failed. The terminal that runs it says why; the sandbox itself is not affected."


def guarded(draw: Callable[..., None]) -> Callable[..., None]:
    """A visitor never sees a trace."""

    @functools.wraps(draw)
    def safely(*args: Any, **more: Any) -> None:
        try:
            draw(*args, **more)
        except Exception:
            log.exception("drawing failed")
            st.error(FAILED, icon=":material/error:")

    return safely


STYLE = """<style>
.stMainBlockContainer { padding: 2.2rem 2.6rem 3rem; max-width: 1500px; }
section[data-testid="stSidebar"] { width: 240px !important; min-width: 240px !important; }
.stMainBlockContainer table { width: 100%; font-variant-numeric: tabular-nums; }
.stMainBlockContainer th { font-weight: 600; }
[data-stale="true"] { opacity: 1 !important; transition: none !important; } /* what refreshes itself does not blink */
.stTextArea textarea { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 0.8rem; line-height: 1.45; }
.stTextArea textarea { white-space: pre; overflow-x: auto; }
</style>"""


def side() -> None:
    """The sidebar, and what all pages look like."""
    st.html(STYLE)
    with st.sidebar:
        st.markdown("### Windtunnel")
        st.caption("Quote-to-cash, flown through stand-ins of Salesforce, the subscription platform and two ERPs.")
        _status()


@st.fragment(run_every=2.0)
@guarded
def _status() -> None:
    answer = harness().get("/sandbox")
    if not answer.ok:
        st.markdown(":red-badge[:material/power_off: sandbox not running]")
        return
    found = answer.value
    st.markdown(f"**Business time (UTC)**  \n{when(found['now'])}")
    core = {
        "up": ":green-badge[:material/check: sync core up]",
        "stopped": ":red-badge[:material/close: sync core stopped]",
    }
    st.markdown(core.get(found["core"], ":red-badge[:material/close: sync core has died]"))
    if found["disturbances"]:
        st.markdown(f":orange-badge[:material/warning: {len(found['disturbances'])} disturbance(s) in place]")
    if found["busy"]:
        busy = found["busy"]
        st.caption(f"Under way: {busy['note'] or busy['verb'].replace('_', ' ')}")
        if busy["share"] is not None:
            st.progress(busy["share"])
