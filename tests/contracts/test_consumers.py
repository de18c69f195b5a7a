"""The pacts of the core with each HTTP system: made by its own adapters, the same bytes as the reviewed files."""

import inspect
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from pact import Pact

from harness.contracts.documents import CONTRACTS
from synccore.ports import systems as ports
from synccore.ports import usage
from tests.contracts import erp_cloud, metering, salesforce, subscriptions
from tests.contracts.exchange import SPECIFICATION, play, written

CONSUMER = "synccore"
PROVIDERS: dict[str, ModuleType] = {
    "salesforce": salesforce, "subscriptions": subscriptions, "erp_cloud": erp_cloud, "metering": metering
}  # fmt: skip
ADD_CASE = "add a Case to tests/contracts/{}.py, then run this test with WINDTUNNEL_WRITE=1"


@pytest.fixture(scope="module", params=PROVIDERS)
def pact(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Provider and text of its pact, made anew from all of its cases."""
    name, folder = request.param, tmp_path_factory.mktemp("pacts")
    problems = []
    for case in PROVIDERS[name].CASES:
        made = Pact(CONSUMER, name).with_specification(SPECIFICATION)
        problems.append(play(case, made, PROVIDERS[name].adapter))
        made.write_file(folder)
    assert not any(problems), "\n".join(filter(None, problems))
    yield name, written(folder, CONSUMER, name)


def test_the_reviewed_pact_is_what_the_core_expects(pact: tuple[str, str]) -> None:
    name, text = pact
    path = Path(CONTRACTS, "pacts", f"{CONSUMER}-{name}.json")
    if os.environ.get("WINDTUNNEL_WRITE"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert path.read_text() == text, "the core expects something else now: review it, WINDTUNNEL_WRITE=1 writes it"


def test_no_address_of_a_machine_is_in_a_pact(pact: tuple[str, str]) -> None:
    assert "127.0.0.1" not in pact[1] and "localhost" not in pact[1]


PORTS: dict[str, tuple[type, ...]] = {
    "salesforce": (ports.Salesforce,), "subscriptions": (ports.Platform, usage.Usages), "erp_cloud": (ports.CloudErp,),
    "metering": (usage.Metering,),
}  # fmt: skip


@pytest.mark.parametrize("name", PORTS)
def test_every_operation_of_the_core_is_in_the_pact(name: str) -> None:
    named = {one: value for port in PORTS[name] for one, value in vars(port).items() if not one.startswith("_")}
    operations = {one for one, value in named.items() if inspect.iscoroutinefunction(value)}  # what asks the system
    assert operations
    played = {case.name.partition(" ")[0] for case in PROVIDERS[name].CASES}
    missing = operations - played
    assert not missing, f"{sorted(missing)} have no expectation: {ADD_CASE.format(name)}"
