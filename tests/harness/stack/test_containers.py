"""What the containers start from, and how their harness takes over systems that run already."""

import asyncio
import json
import shlex
from pathlib import Path
from typing import Any, cast

import pytest

from harness.scenario import load_world
from harness.stack import containers
from harness.stack.problem import StackProblem
from harness.stack.world import LiveWorld
from synccore.bootstrap import settings_of


def variables(folder: Path) -> dict[str, str]:
    """The core's variables as a shell reads them from core.env."""
    words = shlex.split((folder / containers.CORE_ENV).read_text())
    return dict(word.split("=", 1) for word in words)


def test_the_core_understands_its_variables(tmp_path: Path) -> None:
    assert containers.write_files(tmp_path, load_world("default"), "roomy")
    settings = settings_of(variables(tmp_path))
    assert settings.database_url == containers.DATABASE_URL
    assert settings.salesforce_url == "http://salesforce:8080"
    assert (settings.erp_legacy_host, settings.erp_legacy_port) == ("erp-legacy", containers.SFTP_PORT)


def test_the_page_finds_the_harness_with_its_token(tmp_path: Path) -> None:
    containers.write_files(tmp_path, load_world("default"), "roomy")
    words = dict(word.split("=", 1) for word in shlex.split((tmp_path / containers.PAGE_ENV).read_text()))
    assert words == {
        "WINDTUNNEL_API": "http://harness:8080", "WINDTUNNEL_API_TOKEN": containers.fact(tmp_path, "api_token"),
    }  # fmt: skip


def test_secrets_are_made_once_and_kept_private(tmp_path: Path) -> None:
    containers.write_files(tmp_path, load_world("default"), "vendor")
    before = (tmp_path / containers.SECRET).read_text()
    assert not containers.write_files(tmp_path, load_world("default"), "none")
    assert (tmp_path / containers.SECRET).read_text() == before
    assert containers.fact(tmp_path, "profile") == "vendor"
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())
    settings = json.loads((tmp_path / "erp_cloud.settings.json").read_text())
    assert settings["credentials"] == containers.read_secret(before).systems["erp_cloud"]


class Systems:
    """The control pages of running systems, as far as a take-over asks them."""

    def __init__(self, seeded: dict[str, bool]) -> None:
        self.seeded, self.asked = seeded, []  # type: ignore[var-annotated]

    async def control(self, system: str, method: str, path: str, body: Any = None) -> Any:
        self.asked.append((system, method, path))
        return {"seeded": self.seeded[system]}


def take_over(systems: Systems) -> bool:
    world = cast("LiveWorld", systems)
    return asyncio.run(containers.take_over(world, load_world("default"), 0.0, "1"))


def test_systems_that_hold_the_company_are_left_as_they_are() -> None:
    systems = Systems(dict.fromkeys(containers.SERVICES, True))
    assert not take_over(systems)
    assert {method for _, method, _ in systems.asked} == {"GET"}


def test_a_system_that_lost_its_data_is_named() -> None:
    systems = Systems(dict.fromkeys(containers.SERVICES, True) | {"erp_cloud": False})
    with pytest.raises(StackProblem, match="erp-cloud lost its data"):
        take_over(systems)
