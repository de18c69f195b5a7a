"""What a click does: one action at the harness, its outcome said where it was clicked, nothing done twice."""

from typing import Any

import streamlit as st

from ui.client import Answer, click, harness, settled
from ui.words import sentence

QUICK_S = 3.0  # most things are done within; what takes longer is followed


def act(where: str, verb: str, facts: dict[str, Any], seen: str = "") -> None:
    """Do it; the outcome will be told at `where`."""
    done(where, verb, facts, seen)


def done(where: str, verb: str, facts: dict[str, Any], seen: str = "") -> bool:
    """The same, and whether it is done (or under way)."""
    body = {"id": click(where, verb, facts), "verb": verb, "facts": facts}
    return outcome(where, harness().post("/actions", body, seen, wait_s=QUICK_S))


def decide(where: str, exception: str, verb: str, seen: str, reason: str = "") -> bool:
    """Retry an exception or give it up."""
    body = {"id": click(where, verb, exception, reason), "reason": reason}
    return outcome(where, harness().post(f"/exceptions/{exception}/{verb}", body, seen, wait_s=QUICK_S))


def outcome(where: str, answer: Answer) -> bool:
    """Keep what is to be told there."""
    settled()
    if not answer.ok:
        tell(where, "warning" if answer.status in (409, 412, 422) else "error", answer.problem)
        return False
    action = answer.value
    if action["state"] == "running":
        st.session_state["followed"] = (where, action["id"])
        return True
    tell(where, "success" if action["state"] == "done" else "error", sentence(action["said"]))
    return bool(action["state"] == "done")


def tell(where: str, level: str, words: str) -> None:
    """Say it at `where` when the page is drawn next."""
    st.session_state.setdefault("told", {})[where] = (level, words)


def told(where: str) -> None:
    """Show what was kept for here, once more at each drawing until something else happens here."""
    level, words = st.session_state.get("told", {}).get(where, ("", ""))
    if words:
        {"success": st.success, "warning": st.warning, "error": st.error}[level](words)


def follow() -> None:
    """Take over the outcome of what took longer, once it has one."""
    followed = st.session_state.get("followed")
    if not followed:
        return
    where, action_id = followed
    answer = harness().get(f"/actions/{action_id}")
    if answer.ok and answer.value["state"] == "running":
        return
    del st.session_state["followed"]
    if answer.ok:
        tell(where, "success" if answer.value["state"] == "done" else "error", sentence(answer.value["said"]))
    else:
        tell(where, "error", answer.problem)
