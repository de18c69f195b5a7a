"""docker-compose.yml says what it should: valid for Compose v2, one service a system, no root, health for all."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from harness.stack.compose import PORT_VARIABLES
from harness.stack.containers import SERVICES

ROOT = Path(__file__).parents[2]
COMPOSE = Path(sys.executable).with_name("docker-compose")


def resolved() -> dict[str, dict[str, object]]:
    """The services as Compose itself understands the file."""
    command = [str(COMPOSE), "--file", str(ROOT / "docker-compose.yml"), "config"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    services: dict[str, dict[str, object]] = yaml.safe_load(answer.stdout)["services"]
    return services


def test_compose_understands_it_and_each_system_is_a_service() -> None:
    assert {*SERVICES.values(), "core", "postgres", "harness", "ui"} <= set(resolved())


def test_our_own_services_are_not_root_and_gain_no_rights() -> None:
    for name, service in resolved().items():
        if name != "postgres":  # the official image drops to its own user
            assert service["user"] == "10001:10001", name
            assert service["cap_drop"] == ["ALL"], name


def test_all_that_stays_up_has_a_health_check_and_waits_for_what_it_needs() -> None:
    services = resolved()
    for name, service in services.items():
        assert ("healthcheck" in service) == (name != "files"), name
    assert set(services["harness"]["depends_on"]) == set(SERVICES.values())  # type: ignore[call-overload]


def test_ports_are_published_to_this_machine_alone_and_can_be_chosen() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for variable in PORT_VARIABLES:
        assert f"127.0.0.1:${{{variable}:-" in text, variable
    for name, service in resolved().items():
        for port in service.get("ports", []):  # type: ignore[attr-defined]
            assert port["host_ip"] == "127.0.0.1", name


@pytest.mark.parametrize("stage", ["build", "run"])
def test_the_image_installs_the_lock_and_runs_as_its_own_user(stage: str) -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert {"build": "--require-hashes --requirement requirements.lock", "run": "\nUSER windtunnel\n"}[stage] in text
