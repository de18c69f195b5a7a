"""May an app go into an environment? Yes, no with who would break where, or unknown with what would tell."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from harness.contracts.apps import PRESENT, ROOT, apps, present_version
from harness.contracts.matrix import DOCUMENTS, Matrix
from harness.contracts.pacts import PactFile, read_pacts

Verdict = Literal["yes", "no", "unknown"]
TOLD_MAX = 5  # differences of one pact that are put into words; the fields are all named
EXIT: Mapping[Verdict, int] = {"yes": 0, "no": 1, "unknown": 3}


@dataclass(frozen=True)
class Reason:
    """What one pact says. `fields`: the places that differ; `command`: what would bring a verdict."""

    verdict: Verdict
    consumer: str
    provider: str
    file: str
    why: str
    fields: tuple[str, ...] = ()
    command: str = ""


@dataclass
class Answer:
    """The verdict with a reason a pact."""

    app: str
    version: str
    env: str
    reasons: list[Reason] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """No if any says no, else unknown if any is unknown."""
        found = {reason.verdict for reason in self.reasons}
        return "no" if "no" in found else "unknown" if "unknown" in found else "yes"

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        return {"verdict": self.verdict, **asdict(self)}


class _Gate:
    """The files at one moment."""

    def __init__(self, contracts: Path, root: Path) -> None:
        self.pacts: Sequence[PactFile] = read_pacts(contracts)
        self.matrix = Matrix.load(contracts)
        self._root = root
        self._versions: dict[str, str] = {}

    def present(self, app: str) -> str:
        """The version in this tree."""
        if app not in self._versions:
            self._versions[app] = present_version(app, self.pacts, self._root)
        return self._versions[app]

    def deployed(self, app: str, env: str) -> str | None:
        """The version in an environment."""
        found = self.matrix.deployments.get(env, {}).get(app)
        return self.present(app) if found == PRESENT else found

    def sha(self, pact: PactFile, version: str) -> str | None:
        """What that version of the pact's consumer expects."""
        if version == self.present(pact.consumer):
            return pact.sha
        return self.matrix.sha(pact.consumer, version, pact.provider)


def can_release(contracts: Path, app: str, env: str, version: str | None = None, root: Path = ROOT) -> Answer:
    """Ask the files; ValueError for an app or an environment that nobody knows."""
    gate = _Gate(contracts, root)
    if app not in apps(gate.pacts):
        raise ValueError(f"there is no app '{app}'; there are {', '.join(apps(gate.pacts))}")
    if env not in gate.matrix.deployments:
        known = ", ".join(sorted(gate.matrix.deployments)) or "none yet"
        raise ValueError(
            f"nothing is deployed in '{env}' (there are: {known}); `windtunnel contracts record-deployment APP --to "
            f"{env}` says what is"
        )
    answer = Answer(app, version or gate.present(app), env)
    mine = [pact for pact in gate.pacts if app in (pact.consumer, pact.provider)]
    for pact in mine:
        judge = _as_consumer if pact.consumer == app else _as_provider
        reason = judge(gate, pact, answer)
        if reason is not None:
            answer.reasons.append(reason)
    if app == "synccore":
        answer.reasons.append(_documents(gate, answer))
    if not mine:
        answer.notes.append(f"no pact names {app}: nobody has said what they expect of it")
    return answer


def _as_consumer(gate: _Gate, pact: PactFile, answer: Answer) -> Reason | None:
    deployed = gate.deployed(pact.provider, answer.env)
    if deployed is None:
        return _unknown(
            pact, f"it is not recorded which version of {pact.provider} runs in {answer.env}",
            f"windtunnel contracts record-deployment {pact.provider} --to {answer.env}",
        )  # fmt: skip
    return _verified(gate, pact, answer.version, deployed)


def _as_provider(gate: _Gate, pact: PactFile, answer: Answer) -> Reason | None:
    deployed = gate.deployed(pact.consumer, answer.env)
    if deployed is None:
        answer.notes.append(f"{pact.consumer} does not run in {answer.env}: it cannot break there")
        return None
    return _verified(gate, pact, deployed, answer.version)


def _verified(gate: _Gate, pact: PactFile, consumer_version: str, provider_version: str) -> Reason:
    sha = gate.sha(pact, consumer_version)
    if sha is None:
        return _unknown(
            pact, f"it is not published what version {consumer_version} of {pact.consumer} expects",
            f"windtunnel contracts publish (in a tree of that version of {pact.consumer})",
        )  # fmt: skip
    row = gate.matrix.find(pact.consumer, sha, pact.provider, provider_version)
    here = provider_version == gate.present(pact.provider) and sha == pact.sha
    if row is None:
        place = "" if here else " (in a tree of those versions)"
        return _unknown(
            pact, f"{pact.provider} {provider_version} was not verified against {pact.consumer}'s pact {sha}",
            f"windtunnel contracts verify {pact.provider}{place}",
        )  # fmt: skip
    held = [one for one in row.problems if not one.pending]
    if row.success:
        pending = f", {row.pending} pending differences" if row.pending else ""
        return Reason("yes", pact.consumer, pact.provider, row.file, f"verified {row.at}{pending}")
    told = [f"{one.interaction or 'the pact'}: {one.at} {one.problem}".replace(":  ", ": ") for one in held]
    more = f"; and {len(told) - TOLD_MAX} more" if len(told) > TOLD_MAX else ""
    why = "; ".join(told[:TOLD_MAX]) + more
    fields = tuple(dict.fromkeys(one.at for one in held if one.at))
    return Reason("no", pact.consumer, pact.provider, row.file, why, fields)


def _unknown(pact: PactFile, why: str, command: str) -> Reason:
    return Reason("unknown", pact.consumer, pact.provider, pact.name, why, (), command)


def _documents(gate: _Gate, answer: Answer) -> Reason:
    """Event schemas and OpenAPI, compared when the app was verified."""
    row = gate.matrix.find(DOCUMENTS, "", answer.app, answer.version)
    if row is None:
        return Reason("unknown", DOCUMENTS, answer.app, "", f"version {answer.version} was not compared with them", (),
                      "windtunnel contracts verify synccore")  # fmt: skip
    if row.success:
        return Reason("yes", DOCUMENTS, answer.app, "", f"compared {row.at}")
    why = "; ".join(f"{one.interaction}: {one.problem}" for one in row.problems)
    return Reason("no", DOCUMENTS, answer.app, row.problems[0].interaction, why,
                  tuple(dict.fromkeys(one.at for one in row.problems if one.at)))  # fmt: skip
