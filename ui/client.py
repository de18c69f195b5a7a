"""Talks to the harness API. An answer is a value: what was said, or a problem in words; nothing is ever raised."""

import hashlib
import json
import os
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import streamlit as st

START = "windtunnel ui"
DOWN = f"The sandbox is not running. Start it in a terminal with `{START}`, then reload this page."
PATIENCE_S = 30.0
DOUBLE_S = 1.5  # so soon after an outcome nobody has read it: the second half of a double click


@dataclass(frozen=True)
class Answer:
    """`status` 0: no answer at all. `errors` name the places of a problem."""

    status: int
    value: Any = None
    problem: str = ""
    errors: list[dict[str, str]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether it was done as asked."""
        return not self.problem


class Harness:
    """One visitor's line to the harness API."""

    def __init__(self, address: str, token: str) -> None:
        self._http = httpx.Client(
            base_url=address, headers={"authorization": f"Bearer {token}"}, timeout=PATIENCE_S, trust_env=False
        )

    def get(self, path: str, **query: Any) -> Answer:
        """Look at something."""
        return self._send("GET", path, params=query)

    def post(self, path: str, body: Any = None, seen: str = "", **query: Any) -> Answer:
        """Do something; `seen` is the etag of what the page showed."""
        return self._send("POST", path, json=body, params=query, headers={"if-match": seen} if seen else {})

    def delete(self, path: str) -> Answer:
        """End something."""
        return self._send("DELETE", path)

    def _send(self, method: str, path: str, **more: Any) -> Answer:
        try:
            answer = self._http.request(method, path, **more)
        except httpx.TimeoutException:
            return Answer(0, problem="The sandbox is very busy and has not answered; look again in a moment.")
        except httpx.HTTPError:
            return Answer(0, problem=DOWN)
        try:
            value = answer.json()
        except ValueError:
            return Answer(answer.status_code, problem=f"The harness answered {answer.status_code} without words.")
        if answer.status_code < 400:
            return Answer(answer.status_code, value)
        detail = str(value.get("detail", value)) if isinstance(value, dict) else str(value)
        errors = value.get("errors", []) if isinstance(value, dict) else []
        return Answer(answer.status_code, value, f"{detail[:1].upper()}{detail[1:]}", errors)


def harness() -> Harness:
    """The visitor's own line; stops the page with a clear message where there is nobody to talk to."""
    address, token = os.environ.get("WINDTUNNEL_API", ""), os.environ.get("WINDTUNNEL_API_TOKEN", "")
    if not address:
        st.error(DOWN, icon=":material/power_off:")
        st.stop()
    if st.session_state.get("line_to") != address:
        st.session_state["line_to"], st.session_state["line"] = address, Harness(address, token)
    found: Harness = st.session_state["line"]
    return found


def looked(answer: Answer) -> Any:
    """The value of a look; stops the page with the problem's words if there is none."""
    if not answer.ok:
        st.error(answer.problem, icon=":material/power_off:" if answer.status == 0 else ":material/error:")
        st.stop()
    return answer.value


def click(*what: Any) -> str:
    """An id for one click. The same again, before its outcome or right after it, is a double click: the same id."""
    state = st.session_state
    words = json.dumps(what, sort_keys=True, default=str)
    last_words, last_id, known_at = state.get("last_click", ("", "", 0.0))
    if words != last_words or time.monotonic() - known_at > DOUBLE_S:
        state.setdefault("visitor", secrets.token_hex(8))
        state["clicks"] = state.get("clicks", 0) + 1
        last_id = hashlib.sha256(f"{state['visitor']} {state['clicks']} {words}".encode()).hexdigest()[:40]
    state["last_click"] = (words, last_id, time.monotonic())
    return str(last_id)


def settled() -> None:
    """The last click has had its outcome just now."""
    words, last_id, _ = st.session_state.get("last_click", ("", "", 0.0))
    st.session_state["last_click"] = (words, last_id, time.monotonic())
