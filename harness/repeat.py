"""I24: the same story and seed once more must give the same digest: in another process with another hash seed, and
again and again in one process.
"""

import os
import subprocess
import sys
from pathlib import Path

import orjson

from harness.checkers import Verdict
from harness.scenario import Scenario, read_story

TITLE = "one seed gives one digest, in another process with another hash seed too"
TIMEOUT_S = 900


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
    asked = {
        "story": scenario.to_json(), "lines": [step.line for step in scenario.steps], "seed": seed,
        "export": None if scenario.export is None else str(scenario.export),
    }  # fmt: skip
    story = orjson.dumps(asked)
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "harness.repeat"], input=story, capture_output=True, timeout=TIMEOUT_S, check=True,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        )  # fmt: skip
    except (subprocess.SubprocessError, OSError) as error:
        return error
    return ran.stdout.decode().split()[-1]


def main() -> None:
    """Read a story from standard input, play it, print its digest."""
    from dataclasses import replace  # noqa: PLC0415

    from harness.simulation import play  # noqa: PLC0415 - only the child plays

    asked = orjson.loads(sys.stdin.buffer.read())
    story = read_story(orjson.dumps(asked["story"]).decode())
    steps = tuple(replace(step, line=line) for step, line in zip(story.steps, asked["lines"], strict=True))
    export = None if asked["export"] is None else Path(asked["export"])
    print(play(replace(story, steps=steps, export=export), asked["seed"]).digest)


if __name__ == "__main__":
    main()
