"""Verification of all that an app has promised, written into the release matrix."""

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from harness.contracts.apps import present_version
from harness.contracts.documents import Difference, differences
from harness.contracts.matrix import DOCUMENTS, Matrix, Published, Row
from harness.contracts.pacts import PactFile, of_apps, read_pacts
from harness.contracts.verify import LIMIT_S, Problem, Verification, verify

CORE = "synccore"


def verify_all(
    contracts: Path, names: Sequence[str] = (), limit_s: float = LIMIT_S,
    heard: Callable[[Verification], None] = lambda _: None,
) -> list[Verification]:  # fmt: skip
    """Verify the pacts of the named apps (all when none is named) and, for the core, its documents; record it all.

    What ended without a verdict is not recorded: it stays unknown.
    """
    everything = read_pacts(contracts)
    chosen = of_apps(everything, names)
    if not chosen:
        raise ValueError(f"{contracts / 'pacts'} holds no pact: there is nothing to verify")
    matrix = Matrix.load(contracts)
    done = []
    for pact in chosen:
        result = verify(pact, limit_s=limit_s)
        heard(result)
        done.append(result)
        if not result.unknown:
            matrix.add([_row(result, everything)])
    if not names or CORE in names:
        result = compare_documents(contracts)
        heard(result)
        done.append(result)
        matrix.add([_row(result, everything)])
    matrix.publish(present_expectations(everything))
    matrix.save_evidence()
    return done


def present_expectations(pacts: Iterable[PactFile]) -> list[Published]:
    """What the versions of this tree expect."""
    known = list(pacts)
    return [Published(pact.consumer, present_version(pact.consumer, known), pact.provider, pact.sha) for pact in known]


def compare_documents(contracts: Path) -> Verification:
    """The core's event schemas and OpenAPI beside the reviewed ones: differences that are not published yet count."""
    found = differences(contracts)
    done = Verification(DOCUMENTS, CORE, "", "events, asyncapi, openapi", checked=1)
    done.problems = [problem for one in found for problem in _problems(one)]
    done.success = not done.problems
    return done


def _problems(found: Difference) -> list[Problem]:
    if not found.breaks:
        return [Problem(found.document, "", found.problem)]
    return [Problem(found.document, why.partition(": ")[0], why.partition(": ")[2]) for why in found.breaks]


def _row(result: Verification, pacts: Sequence[PactFile]) -> Row:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    consumer = "" if result.consumer == DOCUMENTS else present_version(result.consumer, pacts)
    return Row(
        result.consumer, consumer, result.pact_sha, result.provider, present_version(result.provider, pacts),
        result.success, result.pending, at, result.file, tuple(result.problems),
    )  # fmt: skip
