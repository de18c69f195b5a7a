"""I24: the same story and seed once more must give the same digest: in another process with another hash seed, and
again and again in one process.
"""

import os
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path

import orjson

from harness.checkers import Verdict
from harness.events import NOT_IN_DIGEST
from harness.scenario import Scenario, read_story

TITLE = "one seed gives one digest, in another process with another hash seed too"
TIMEOUT_S = 900
SHOWN = 400  # characters of an event


def repeated(scenario: Scenario, seed: str, digest: str, hash_seed: str = "4242") -> Verdict:
    """The verdict on repeatability of a simulated run with this digest; unknown when it could not be played again."""
    again = digest_elsewhere(scenario, seed, hash_seed)
    if isinstance(again, Exception):
        return Verdict("I24", "unknown", TITLE, 0, (f"it could not be played again: {again}",))
    if again == digest:
        return Verdict("I24", "holds", TITLE, 1)
    return Verdict("I24", "broken", TITLE, 1, (f"seed {seed} gave {digest[:12]} here and {again[:12]} elsewhere",))


def repeated_here(scenario: Scenario, seed: str, digest: str, runs: int) -> Verdict:
    """The verdict on the `runs`-th run of this process, counted from the one with this digest: nothing adds up."""
    from harness.simulation import play  # noqa: PLC0415 - loads core and simulators

    title = f"run {runs} of one process gives the digest of the first"
    for number in range(2, runs + 1):
        again = play(scenario, seed).digest
        if again != digest:
            return Verdict("I24", "broken", title, number, (f"run {number} gave {again[:12]}, run 1 {digest[:12]}",))
    return Verdict("I24", "holds", title, runs)


def digest_elsewhere(scenario: Scenario, seed: str, hash_seed: str) -> str | Exception:
    """The digest of the story played in a fresh process, or why there is none."""
    said = _elsewhere(scenario, seed, hash_seed)
    return said if isinstance(said, Exception) else said.split()[-1]


def first_difference(scenario: Scenario, seed: str, hash_seed: str) -> str:
    """What two processes have first recorded differently of one story, in a sentence with both."""
    traces = [_elsewhere(scenario, seed, one, "--trace") for one in ("0", hash_seed)]
    here, there = ([] if isinstance(said, Exception) else said.splitlines()[:-1] for said in traces)
    for number, (one, other) in enumerate(zip_longest(here, there, fillvalue="nothing more"), start=1):
        if one != other:
            return f"event {number} differs: {one[:SHOWN]} <> {other[:SHOWN]}"
    return f"one of several runs differs, and these two do not ({len(here)} events each)"


def _elsewhere(scenario: Scenario, seed: str, hash_seed: str, *arguments: str) -> str | Exception:
    asked = {
        "story": scenario.to_json(), "lines": [step.line for step in scenario.steps], "seed": seed,
        "export": None if scenario.export is None else str(scenario.export),
    }  # fmt: skip
    story = orjson.dumps(asked)
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "harness.repeat", *arguments], input=story, capture_output=True, check=True,
            timeout=TIMEOUT_S, env={**os.environ, "PYTHONHASHSEED": hash_seed},
        )  # fmt: skip
    except (subprocess.SubprocessError, OSError) as error:
        return error
    return ran.stdout.decode()


def main() -> None:
    """Read a story from standard input, play it, print its events if asked to (`--trace`), and its digest."""
    from dataclasses import replace  # noqa: PLC0415

    from harness.simulation import play  # noqa: PLC0415 - only the child plays

    asked = orjson.loads(sys.stdin.buffer.read())
    story = read_story(orjson.dumps(asked["story"]).decode())
    steps = tuple(replace(step, line=line) for step, line in zip(story.steps, asked["lines"], strict=True))
    export = None if asked["export"] is None else Path(asked["export"])
    result = play(replace(story, steps=steps, export=export), asked["seed"])
    for event in result.events if "--trace" in sys.argv else ():
        facts = {name: value for name, value in event.to_json().items() if name not in NOT_IN_DIGEST}
        print(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS).decode())
    print(result.digest)


if __name__ == "__main__":
    main()
