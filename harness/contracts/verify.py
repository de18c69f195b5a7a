"""Verification of pacts against the providers of this tree: every interaction replayed, each difference placed."""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from harness.contracts.findings import differences
from harness.contracts.host import CONTROL, HOST, MESSAGE, STATE, Listening, message_app, served, system_app
from harness.contracts.pacts import PactFile
from harness.world import SYSTEMS

LIMIT_S = 60.0
THREAD = "pact-verifier"


@dataclass(frozen=True)
class Problem:
    """One difference: in which interaction, at which field, and what it is. `pending`: noted, but not held against."""

    interaction: str
    at: str
    problem: str
    pending: bool = False


@dataclass
class Verification:
    """What became of one pact. `checked` interactions; none, or no end within the limit, is never a success."""

    consumer: str
    provider: str
    pact_sha: str
    file: str
    checked: int = 0
    success: bool = False
    unknown: str = ""  # why there is no verdict
    problems: list[Problem] = field(default_factory=list)

    @property
    def pending(self) -> int:
        """Differences that are not held against the provider yet."""
        return sum(one.pending for one in self.problems)

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        return {**asdict(self), "pending": self.pending}


def verify(pact: PactFile, events: Mapping[str, Any] | None = None, limit_s: float = LIMIT_S) -> Verification:
    """Verify one pact; `events`: told events by type, for pacts of messages (else the stories are played)."""
    done = Verification(pact.consumer, pact.provider, pact.sha, pact.name)
    if not pact.interactions:
        done.problems.append(Problem("", "", "the pact has no interaction: nothing is expected, so nothing is proven"))
        return done
    if pact.is_layouts:
        return compare_layouts(pact, done)
    if pact.is_messages and pact.provider == "synccore":
        from harness.contracts import told  # noqa: PLC0415 - plays stories

        heard = events if events is not None else told.told_events(_stories(pact))
        listening = Listening(message_app(heard, {told.STATE}))
    elif pact.provider in SYSTEMS:
        listening = Listening(system_app(pact.provider).app)
    else:
        done.unknown = f"{pact.provider} is no system of this tree: its owner verifies it and sends the result"
        return done
    with served(listening) as port:
        results = _run(pact, port, limit_s)
    if results is None:
        done.unknown = f"no end within {limit_s:g} s"
        return done
    _judge(done, pact, results, listening)
    return done


def compare_layouts(pact: PactFile, done: Verification) -> Verification:
    """Each field that the consumer writes or reads stands at the same place in the provider's record."""
    from simulators.erp_legacy import RECORDS  # noqa: PLC0415

    for record in pact.interactions:
        name, theirs = record["description"], RECORDS.get(record["description"])
        done.checked += 1
        if theirs is None:
            done.problems.append(Problem(name, name, "the provider has no such record"))
            continue
        if theirs.length != record["length"]:
            done.problems.append(Problem(name, name, f"it has {theirs.length} characters, not {record['length']}"))
        places = {one.name: [one.offset, one.length] for one in theirs.fields}
        for column, place in record["fields"].items():
            if places.get(column) != place:
                found = "it is not there" if column not in places else f"it is at {_place(places[column])}"
                done.problems.append(Problem(name, f"{name}.{column}", f"{found}, not at {_place(place)}"))
    done.success = not done.problems
    return done


def _place(place: list[int]) -> str:
    return f"{place[0]}+{place[1]}"


def _stories(pact: PactFile) -> list[str]:
    """The stories that a pact's provider states name, in order."""
    states = [state for one in pact.interactions for state in one.get("providerStates", ())]
    return list(dict.fromkeys(str((state.get("params") or {}).get("story", "")) for state in states))


def _run(pact: PactFile, port: int, limit_s: float) -> dict[str, Any] | None:
    """The verifier's results; None when it did not end in time (its thread is left behind and dies with us)."""
    os.environ["PACT_DO_NOT_TRACK"] = "true"
    from pact import Verifier  # noqa: PLC0415 - loads a native library

    url = f"http://{HOST}:{port}"
    verifier = Verifier(pact.provider, host=HOST).add_source(str(pact.path))
    if pact.is_messages:
        verifier.add_transport(protocol="message", port=port, path=MESSAGE, scheme="http")
    else:
        verifier.add_transport(url=url)
    verifier.state_handler(f"{url}{STATE}?control_token={CONTROL}", teardown=True, body=True)

    def run() -> None:
        try:
            verifier.verify()
        except RuntimeError:  # says nothing; the results do
            pass

    thread = threading.Thread(target=run, name=THREAD, daemon=True)
    with _silent(thread):
        thread.start()
        thread.join(limit_s)
    return None if thread.is_alive() else dict(verifier.results)


@contextlib.contextmanager
def _silent(thread: threading.Thread) -> Iterator[None]:
    """The native verifier writes to standard output, where scripts read ours; one left behind writes to nowhere."""
    sys.stdout.flush()
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.close(nowhere)
        if not thread.is_alive():
            os.dup2(kept, 1)
            os.close(kept)
        elif _is_the_process_own(sys.stdout):
            sys.stdout = os.fdopen(kept, "w")


def _is_the_process_own(stream: Any) -> bool:
    try:
        return bool(stream.fileno() == 1)
    except (OSError, ValueError, AttributeError):
        return False


def _judge(done: Verification, pact: PactFile, results: Mapping[str, Any], listening: Listening) -> None:
    verified = results["interactionResults"]
    done.checked = len(verified)
    words = listening.answers if len(listening.answers) == done.checked else []
    expected = {str(one["description"]): one for one in pact.interactions}
    for index, result in enumerate(verified):
        if result["result"] == "OK":
            continue
        said = words[index] if words else None
        for at, problem in differences(result, expected.get(result["description"], {}), said):
            done.problems.append(Problem(result["description"], at, problem, bool(result.get("pending"))))
    for detail in listening.broken_states:
        done.problems.append(Problem("", "", f"a provider state could not be put in place: {detail}"))
    if done.checked < len(pact.interactions):
        done.problems.append(
            Problem("", "", f"only {done.checked} of {len(pact.interactions)} interactions were checked")
        )
    failed = any(not one.pending for one in done.problems)
    done.success = bool(results["result"]) and not failed and done.checked > 0
