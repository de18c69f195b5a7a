"""Every other verb that stories know, on the page Drive: a form made from the verb's own description."""

import json
from typing import Any

import streamlit as st

from ui.acting import act, tell, told
from ui.words import safe

FRIENDLY = frozenset(("customer", "deal", "close", "pay_by_card", "transfer", "advance", "kill_core", "start_core"))


def anything(verbs: dict[str, Any]) -> None:
    """The panel: all verbs that have no button of their own."""
    others = [name for name in verbs if name not in FRIENDLY]
    with st.expander("Everything else that a story can do"):
        verb = st.selectbox("What happens", others, format_func=lambda name: name.replace("_", " "), key="any-verb")
        if verb is None:
            return
        st.caption(safe(" ".join(verbs[verb]["about"].split())))
        with st.form(f"any-{verb}", border=False):
            fields = verbs[verb]["schema"].get("properties", {})
            for name, schema in fields.items():
                _field(verb, name, schema, name in verbs[verb]["schema"].get("required", ()))
            st.form_submit_button("Do it", on_click=_do, args=(verb, fields))
        told("anything")


def _kind(schema: dict[str, Any]) -> str:
    options = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    kinds = [one.get("type", "") for one in options]
    if any(one.get("enum") for one in options):
        return "choice"
    if "boolean" in kinds:
        return "boolean"
    return "json" if not kinds or any(kind in ("object", "array", "") for kind in kinds) else "text"


def _field(verb: str, name: str, schema: dict[str, Any], required: bool) -> None:
    key, label = f"any-{verb}-{name}", f"{name.replace('_', ' ')}{' *' if required else ''}"
    kind = _kind(schema)
    if kind == "choice":
        values = next(one["enum"] for one in schema.get("anyOf", [schema]) if one.get("enum"))
        st.selectbox(label, values if required else ["", *values], key=key)
    elif kind == "boolean":
        st.checkbox(label, key=key)
    elif kind == "json":
        st.text_area(label, key=key, height=68, placeholder='words separated by commas, or JSON such as {"a": 1}')
    else:
        st.text_input(label, key=key)


def _do(verb: str, fields: dict[str, Any]) -> None:
    facts: dict[str, Any] = {}
    for name, schema in fields.items():
        value = st.session_state.get(f"any-{verb}-{name}")
        if value in (None, "", False):
            continue
        if _kind(schema) == "json":
            try:
                value = _parsed(str(value))
            except ValueError as error:
                tell("anything", "warning", f"{name.replace('_', ' ')}: this is not JSON ({error}). Nothing was done.")
                return
        facts[name] = value
    act("anything", verb, facts)


def _parsed(text: str) -> Any:
    """JSON, or words separated by commas as a list."""
    text = text.strip()
    if text[:1] in '[{"':
        return json.loads(text)
    return [word.strip() for word in text.split(",") if word.strip()]
