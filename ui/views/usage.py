"""Usage from a file, on the page Drive: a CSV of the product, told by line and column what is wrong in it."""

from typing import Any

import streamlit as st

from ui.acting import outcome, tell, told
from ui.client import click, harness

COLUMNS = "id,deal,meter,quantity,time,recorded,corrects"


def usage(verbs: dict[str, Any]) -> None:
    """The panel, where the harness knows usage."""
    if "consume_export" not in verbs:
        return
    with st.expander("Usage from a file"):
        st.caption(f"A CSV with the columns `{COLUMNS}`. All of it is checked before a row is sent.")
        given = st.file_uploader("File", type="csv", key="usage-file")
        st.button("Send these rows", on_click=_send, args=(given,), disabled=given is None)
        told("usage")


def _send(given: Any) -> None:
    try:
        text = given.getvalue().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        tell("usage", "warning", f"{given.name} is not text in UTF-8 (byte {error.start}). Nothing was sent.")
        return
    body = {"id": click("usage", given.name, text), "name": given.name, "text": text}
    outcome("usage", harness().post("/usage", body, wait_s=3.0))
