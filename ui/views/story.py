"""Run a story: the same files that CI plays, edited and checked in place, played at one go or step by step."""

from typing import Any

import streamlit as st

from ui.acting import tell, told
from ui.client import click, harness, looked, settled
from ui.frame import guarded
from ui.views.books import facts, tie_out
from ui.views.customer import timeline
from ui.views.explanation import explanation
from ui.words import OUTCOME_WORDS, safe, sentence, table, when

MODES = {"sim": "Simulation: virtual time, a few seconds", "live": "Live: real processes, a minute or so"}
AROUND = 1  # lines shown around a complaint


@guarded
def story() -> None:
    """The page."""
    st.title("Run a story")
    st.caption(
        "The same files that CI plays. Edit the text, check it, play it, and read what the books say at the end."
    )
    stories = {one["name"]: one for one in looked(harness().get("/stories"))}
    left, right = st.columns([1, 1], gap="large")
    with left:
        _text(stories)
    with right:
        run = _run()
    if run is not None and run["over"]:
        _end(run)


def _text(stories: dict[str, Any]) -> None:
    titles = {one: f"{one}: {found['title']}" if found["title"] else one for one, found in stories.items()}
    name = st.selectbox(
        "Story", list(stories), key="story-name", index=_first(stories), format_func=lambda one: titles[one]
    )
    chosen = stories[name]
    st.caption(safe(chosen["about"]))
    key = f"text-{name}"
    st.session_state.setdefault(key, chosen["text"])
    text = st.text_area("Text of the story", height=420, key=key)
    checked = looked(harness().post("/lint", {"text": text}))
    _complaints(text, checked["complaints"])
    if not checked["complaints"]:
        edited = " (edited here)" if text != chosen["text"] else ""
        st.caption(f":material/check: {len(checked['steps'])} steps, nothing to complain about{edited}.")
    st.radio("Where", list(MODES), format_func=lambda one: MODES[one], key="story-mode")
    one, two, three = st.columns([1, 1, 1], vertical_alignment="bottom")
    one.text_input("Seed", "1", key="story-seed", max_chars=40)
    two.checkbox("Step by step", key="story-stepwise")
    three.button("Play it", type="primary", icon=":material/play_arrow:", on_click=_play, args=(key, name),
                 width="stretch", disabled=bool(checked["complaints"]))  # fmt: skip
    if text != chosen["text"]:
        st.button("Back to the file's text", on_click=_restore, args=(key, chosen["text"]))
    told("story")


def _restore(key: str, text: str) -> None:
    st.session_state[key] = text


def _first(stories: dict[str, Any]) -> int:
    names = list(stories)
    return names.index("new-business") if "new-business" in names else 0


def _complaints(text: str, complaints: list[dict[str, Any]]) -> None:
    """Each where it happened: the line, a mark under the column, what is wrong and what would be right."""
    lines = text.splitlines()
    for one in complaints:
        number, column = one["line"], one["column"]
        st.error(f"Line {number}, column {column}: {safe(one['message'])}", icon=":material/error:")
        shown = []
        for at in range(max(1, number - AROUND), min(len(lines), number + AROUND) + 1):
            shown.append(f"{at:>4} | {lines[at - 1]}")
            if at == number:
                shown.append(f"     | {' ' * (column - 1)}^ here")
        st.code("\n".join(shown), language=None)


def _play(key: str, name: str) -> None:
    state = st.session_state
    body = {
        "name": name, "text": state[key], "mode": state["story-mode"], "seed": state["story-seed"].strip() or "1",
        "stepwise": bool(state["story-stepwise"]),
    }  # fmt: skip
    answer = harness().post("/runs", {**body, "id": click("run", body)})
    settled()
    if not answer.ok:
        tell("story", "warning", answer.problem)
        return
    st.session_state["run"] = answer.value["id"]
    tell("story", "success", "")
    tell("run", "warning", "")


# -- the run ----------------------------------------------------------------------------------------


def _run() -> dict[str, Any] | None:
    """The run that was started last, followed until its end."""
    run_id = st.session_state.get("run")
    if not run_id:
        st.info("Nothing has been played yet. Choose a story at the left and press *Play it*.")
        return None
    answer = harness().get(f"/runs/{run_id}")
    if not answer.ok:
        st.warning(answer.problem)
        return None
    run: dict[str, Any] = answer.value
    st.fragment(_followed, run_every=None if run["over"] else 0.7)(run_id, run["over"])
    return run


@guarded
def _followed(run_id: str, was_over: bool) -> None:
    run = looked(harness().get(f"/runs/{run_id}"))
    if run["over"] and not was_over:
        st.rerun()
    with st.container(border=True):
        st.subheader(f"{run['name']}, {'simulation' if run['mode'] == 'sim' else 'live'}, seed {run['seed']}")
        _progress(run)
        _verdict(run)
        if run["state"] == "waiting":
            number = int(run["now"].rsplit(" ", 1)[-1])
            st.button(f"Next: step {number}", type="primary", icon=":material/skip_next:", key=f"step-{number}",
                      on_click=_next, args=(run_id, number))  # fmt: skip
        if not run["over"]:
            st.button("Stop", icon=":material/stop:", key="stop", on_click=_stop, args=(run_id,))
        told("run")
        with st.container(height=430, border=False):
            _happened(run["new"])


def _next(run_id: str, number: int) -> None:
    answer = harness().post(f"/runs/{run_id}/steps/{number}")
    tell("run", "warning", "" if answer.ok else answer.problem)


def _stop(run_id: str) -> None:
    answer = harness().delete(f"/runs/{run_id}")
    tell("run", "warning", "" if answer.ok else answer.problem)


def _progress(run: dict[str, Any]) -> None:
    steps = next((event["steps"] for event in run["new"] if event["kind"] == "run"), 0)
    done = sum(event["kind"] == "step" and event["state"] == "done" for event in run["new"])
    if not run["over"]:
        words = f"{done} of {steps} steps done. {safe(sentence(run['now']))}" if steps else "Starting"
        st.progress(done / steps if steps else 0.0, text=words)
    elif run["state"] == "stopped":
        st.warning("Stopped before its end; nothing was left running.")
    elif run["state"] == "failed":
        st.error(safe(sentence(run["said"])), icon=":material/error:")


def _happened(events: list[dict[str, Any]]) -> None:
    lines = []
    for event in events:
        if event["kind"] == "step" and event["state"] == "done":
            lines.append(f"{event['number']}. `{when(event['time'])}` {safe(sentence(event['said']))}")
        elif event["kind"] in ("note", "crash") and "said" in event:
            lines.append(f"   - `{when(event['time'])}` :orange[{safe(sentence(event['said']))}]")
    st.markdown("\n".join(lines) or "_Nothing has happened yet._")


def _verdict(run: dict[str, Any]) -> None:
    result = run["result"]
    if result is not None:
        show = {"holds": st.success, "broken": st.error, "unknown": st.warning}[result["outcome"]]
        show(f"**{safe(result['story'])}**: {OUTCOME_WORDS[result['outcome']]}", icon=":material/balance:")


def _end(run: dict[str, Any]) -> None:
    result = run["result"]
    if result is None:
        return
    if result["broken_off"]:
        st.error(f"It could not go on: {safe(result['broken_off'])}")
    for one in result["verdicts"]:
        for finding in one["findings"] if one["outcome"] in ("broken", "unknown") else ():
            st.markdown(f"- :red[{safe(one['invariant'])}] {safe(finding)}")
    if run["mode"] == "sim" and result["outcome"] != "holds":
        explanation(run["id"])
    with st.expander("What was judged", expanded=result["outcome"] != "holds"):
        rows = [
            [safe(one["invariant"]), safe(one["title"]), str(one["checked"]),
             f":{'green' if one['outcome'] == 'holds' else 'red' if one['outcome'] == 'broken' else 'gray'}"
             f"[{safe(one['outcome'])}]"]
            for one in result["verdicts"]
        ]  # fmt: skip
        st.markdown(table(["", "What must hold", "Looked at", "Verdict"], rows, {2}))
    if result["books"]:
        with st.expander("Tie-out: book A less reconciling items is book B", expanded=True):
            tie_out(result["books"]["tie_out"], {})
        with st.expander("The same facts in each system's books"):
            facts(result["books"])
    with st.expander("Timeline over all systems"):
        timeline([{**one, "system": _system(one["where"])} for one in result["timeline"]])
    st.caption(f"Took {result['took_s']:.1f} s. Seed {safe(result['seed'])}, digest {result['digest'][:12]}. "
               f"Again in a terminal: `windtunnel run {run['name']} --seed {run['seed']}`")  # fmt: skip


def _system(where: str) -> str:
    return where if where in ("people", "core") else where.replace(" ", "_")
