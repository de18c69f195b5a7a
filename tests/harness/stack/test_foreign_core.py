"""Another core: described by a map of its keys, at an address or by a command, convicted or cleared from the books."""

import asyncio
import json
import os
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.canon import Correlation
from harness.cli.play import Wishes, play_live
from harness.correlations import CorrelationError, load_correlation
from harness.runner import RunResult
from harness.scenario import read_story
from harness.stack.home import free_port
from harness.stack.problem import StackProblem
from harness.stack.remote import RemoteCore

EXAMPLES = Path(__file__).parents[3] / "examples"
KEYS = EXAMPLES / "reconciler" / "correlation.yaml"
STORY = read_story("""
story: other-core
title: One deal is billed and paid by transfer; the answer to its invoice is lost
disturbances:
  - {id: invoice-answer-lost, system: erp_cloud, kind: lost_answer, operation: "record.create:invoice"}
steps:
  - customer: {id: lake, name: Lakeside Logistics, entity: US, country: US, state: IL, city: Chicago, pays_by: transfer}
  - deal: {id: lake-1, customer: lake, lines: [{sku: PLAT-ANNUAL, quantity: 4}, {sku: ONBOARD}]}
  - close: lake-1
  - settle
  - transfer: lake-1
  - settle
expect: {deals: {lake-1: paid}}
""")


def test_keys_of_another_core_are_read_as_ours() -> None:
    odd = replace(Correlation(), **load_correlation(KEYS))  # type: ignore[arg-type]
    assert [odd.receipt(one) for one in ("psp:txn_1", "bank:1007", "NS-1007", "")] == ["CB:txn_1", "NS-1007", "", ""]
    assert (odd.invoice_prefix, odd.credit_prefix) == ("claim__", "CBCN-")  # what is not named is as in ours


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("invoice_prefx: X", "there is no 'invoice_prefx'; did you mean 'invoice_prefix'"),
        ("invoice_prefix: 7", "invoice_prefix should be a text, not 7"),
        ("- a", "a map of names is expected"),
        ("a: [", "is not YAML"),
    ],
)
def test_a_map_that_cannot_be_used_says_why(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "keys.yaml"
    path.write_text(text)
    with pytest.raises(CorrelationError, match=message):
        load_correlation(path)
    with pytest.raises(CorrelationError, match="cannot be read"):
        load_correlation(tmp_path / "nothing.yaml")


def test_the_naive_core_is_small_enough_to_be_read() -> None:
    lines = (EXAMPLES / "naive_core.py").read_text().splitlines()
    assert sum(bool(line.strip()) for line in lines) < 200


def test_a_core_at_an_address_is_not_ours_to_kill(tmp_path: Path) -> None:
    core = RemoteCore("http://127.0.0.1:1/", tmp_path / "core.env", lambda _said: None)
    with pytest.raises(StackProblem, match="--core CMD"):
        asyncio.run(core.kill())
    asyncio.run(core.stop())
    assert core.pid is None and core.url == "http://127.0.0.1:1"


def variables_of(file: Path) -> dict[str, str]:
    """As a shell reads them."""
    words = [one for one in shlex.split(file.read_text()) if one != "export"]
    return {**os.environ, **dict(word.split("=", 1) for word in words)}


async def started_by_hand(asked: asyncio.Event, file: Path) -> asyncio.subprocess.Process:
    """As a person would, once told where the variables are."""
    await asked.wait()
    return await asyncio.create_subprocess_exec(
        sys.executable, str(EXAMPLES / "reconciler" / "core.py"), env=variables_of(file),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.live
def test_a_correct_core_of_another_style_with_odd_keys_is_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINDTUNNEL_HOME", str(tmp_path))
    address = f"http://127.0.0.1:{free_port('127.0.0.1')}"

    async def both() -> RunResult:
        asked = asyncio.Event()
        core = asyncio.ensure_future(started_by_hand(asked, tmp_path / "core.env"))

        def say(words: str) -> None:
            if words.startswith("waiting for your core"):
                asked.set()

        try:
            wishes = Wishes(say=say, core=address, names=load_correlation(KEYS))
            return (await play_live([STORY], ["1"], wishes))[0].result
        finally:
            core.cancel()
            if core.done() and not core.cancelled():
                core.result().kill()
                await core.result().wait()

    result = asyncio.run(both())
    assert result.outcome == "holds", result.findings
    told: dict[str, Any] = {verdict.invariant: verdict.outcome for verdict in result.verdicts}
    assert {told[name] for name in ("I1", "I2", "I4", "I5", "I31", "I32")} == {"holds"}, json.dumps(told)
    assert result.evidence is not None and not result.evidence.core_known
