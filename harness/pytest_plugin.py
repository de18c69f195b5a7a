"""pytest fixtures for those who test an integration: `sandbox`, `clock`, `books`.

Loaded in every pytest run where Windtunnel is installed, so it imports nothing until a test asks for a sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.sandbox import Books, Clock, LiveHost, Sandbox, SimulatedHost


def pytest_addoption(parser: pytest.Parser) -> None:
    """How the sandbox is made."""
    group = parser.getgroup("windtunnel", "a quote-to-cash sandbox to test against")
    words = "sim: in this process, virtual time. live: real processes, which vendor SDKs can talk to."
    group.addoption("--windtunnel-mode", choices=("sim", "live"), default="sim", help=words)
    group.addoption("--windtunnel-world", default="default", help="a company of scenarios/worlds")
    group.addoption("--windtunnel-core", metavar="CMD", default="", help="fly another core (live)")


@pytest.fixture(scope="session")
def windtunnel_host(pytestconfig: pytest.Config) -> Iterator[LiveHost | SimulatedHost]:
    """What all sandboxes of a session stand on: made for the first, ended after the last."""
    mode, core = pytestconfig.getoption("windtunnel_mode"), pytestconfig.getoption("windtunnel_core")
    if core and mode != "live":
        raise pytest.UsageError("--windtunnel-core needs --windtunnel-mode live: another core is a process of its own")
    from harness.sandbox import LiveHost, SimulatedHost  # noqa: PLC0415 - core and simulators: seconds to load

    world = pytestconfig.getoption("windtunnel_world")
    host: LiveHost | SimulatedHost = LiveHost(world, core=core) if mode == "live" else SimulatedHost(world)
    yield host
    host.close()


@pytest.fixture
def sandbox(windtunnel_host: LiveHost | SimulatedHost) -> Sandbox:
    """A company at its beginning, for this test alone."""
    return windtunnel_host.fresh()


@pytest.fixture
def clock(sandbox: Sandbox) -> Clock:
    """The sandbox's business time."""
    from harness.sandbox import Clock  # noqa: PLC0415

    return Clock(sandbox)


@pytest.fixture
def books(sandbox: Sandbox) -> Books:
    """What the sandbox's books say."""
    from harness.sandbox import Books  # noqa: PLC0415

    return Books(sandbox)
