"""The command as a user meets it: exit codes, messages, JSON, a sandbox from up to down, Ctrl-C without leftovers."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-m", "harness.cli"]


def windtunnel(*words: str, home: Path, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "WINDTUNNEL_HOME": str(home), "COLUMNS": "160"}
    return subprocess.run(
        [*COMMAND, *words], env=environment, capture_output=True, text=True, timeout=timeout_s, check=False
    )


WRONG = [
    (("run",), "names"),
    (("run", "nwe-business"), "did you mean 'new-business'?"),
    (("run", "new-business", "--seed", "9..1"), "no range"),
    (("run", "new-business", "--core", "x"), "--core needs --mode live"),
    (("run", "new-business", "--mode", "live", "--core", "no-such-program"), "there is no program 'no-such-program'"),
    (("run", "new-business", "--profile", "wild"), "--profile is vendor, roomy or none"),
    (("run", "new-business", "--junit", "/dev/null/out.xml"), "--junit /dev/null/out.xml cannot be written"),
    (("replay", "missing.jsonl"), "cannot be read"),
    (("serve", "salesfroce"), "did you mean 'salesforce'?"),
    (("env",), "no sandbox is running here"),
    (("down",), "no sandbox is running here"),
    (("exceptions", "list"), "no sandbox is running here"),
    (("letters", "requeue", "d00000001"), "no sandbox is running here"),
    (("clock", "advance", "soon"), "'soon' is neither a duration nor a moment"),
    (("up", "--genesis", "soon"), "--genesis should be a date-time such as 2026-01-05T09:00:00Z, not 'soon'"),
    (("up", "--profile", "wild"), "--profile is vendor, roomy or none"),
    (("up", "--ports", "65530"), "there is no port 65539"),
    (("up", "--world", "nowhere"), "there is no world 'nowhere'"),
    (("contracts", "can-release", "synccroe", "--to", "production"), "there is no app 'synccroe'"),
    (("contracts", "publish", "nothing.json"), "there is no file nothing.json"),
    (("ui", "--world", "nowhere"), "there is no world 'nowhere'"),
    (("bogus",), "bogus"),
]


@pytest.mark.parametrize(
    ("words", "message"), WRONG, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_wrong_usage_says_what_is_wrong_and_exits_2(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    done = windtunnel(*words, home=tmp_path)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr and "Traceback" not in done.stderr


def test_help_teaches(tmp_path: Path) -> None:
    for words in ((), ("run",), ("up",), ("chaos",), ("clock",), ("books",)):
        done = windtunnel(*words, "--help", home=tmp_path)
        assert done.returncode == 0 and "Usage" in done.stdout


def test_run_writes_json_junit_and_a_record_that_replays(tmp_path: Path) -> None:
    record, junit = tmp_path / "run.jsonl", tmp_path / "out.xml"
    done = windtunnel("run", "bad-master-data", "--json", "--record", str(record), "--junit", str(junit), home=tmp_path)
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    assert said["outcome"] == "holds" and {row["unexplained"] for row in said["runs"][0]["tie_out"]} == {"0.00"}
    assert 'failures="0"' in junit.read_text()
    again = windtunnel("replay", str(record), "--json", home=tmp_path)
    assert again.returncode == 0 and json.loads(again.stdout)["runs"][0]["same"] is True
    record.write_bytes(record.read_bytes()[:5_000])
    assert windtunnel("replay", str(record), home=tmp_path).returncode == 2


def test_a_broken_story_exits_1_and_a_badly_written_one_2(tmp_path: Path) -> None:
    story = tmp_path / "wrong.yaml"
    steps = "  - customer: {id: a, name: A, entity: US}\n  - expect: {exceptions: [x]}\n"
    text = f"story: wrong\ntitle: Nothing\nsteps:\n{steps}"
    story.write_text(text)
    assert windtunnel("run", str(story), home=tmp_path).returncode == 1
    story.write_text(text.replace("expect", "expct"))
    done = windtunnel("run", str(story), home=tmp_path)
    assert done.returncode == 2 and f"{story}:5:5: unknown verb 'expct'; did you mean 'expect'?" in done.stderr
    assert windtunnel("lint", str(story), home=tmp_path).returncode == 2
    assert windtunnel("lint", home=tmp_path).returncode == 0


# -- live ---------------------------------------------------------------------------------------


def left_over(home: Path) -> list[str]:
    """Command lines of processes that were started for this home."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if str(home).encode() in path.read_bytes():
                found.append((path.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return [line for line in found if "simulators." in line or "synccore" in line or "harness.cli" in line]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    deadline = time.monotonic() + 10
    while left_over(tmp_path / "home") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left_over(tmp_path / "home") == []


@pytest.mark.live
def test_a_sandbox_from_up_to_down(home: Path) -> None:
    up = windtunnel("up", "--detach", "--ports", "0", home=home)
    assert up.returncode == 0, up.stderr
    try:
        env = json.loads(windtunnel("env", "--json", home=home).stdout)
        assert env["SALESFORCE_URL"].startswith("http://127.0.0.1:") and env["CHARGEBEE_API_KEY"]
        assert "export NETSUITE_TOKEN_ID=" in windtunnel("env", home=home).stdout
        assert Path(env["NETSUITE_M2M_KEY_FILE"]).read_text().startswith("-----BEGIN")
        assert (home / "stack.json").stat().st_mode & 0o777 == 0o600
        second = windtunnel("up", "--ports", "0", home=home)
        assert second.returncode == 2 and "running here already" in second.stderr
        books = json.loads(windtunnel("books", "--json", home=home).stdout)
        assert books["books"] == [] and books["unread"] == []
        assert windtunnel("books", "--customer", "Nobody", home=home).returncode == 2
        moved = windtunnel("clock", "advance", "6h", "--json", home=home)
        assert moved.returncode == 0 and json.loads(moved.stdout)["now"].startswith("2026-01-05T15:")
        assert windtunnel("clock", "advance", "2025-01-01", home=home).returncode == 2
        clocks = json.loads(windtunnel("clock", "show", "--json", home=home).stdout)
        assert len(clocks) == 5
    finally:
        down = windtunnel("down", home=home)
    assert down.returncode == 0, down.stderr
    assert windtunnel("env", home=home).returncode == 2


@pytest.mark.live
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_nothing_running(home: Path, number: signal.Signals) -> None:
    environment = {**os.environ, "WINDTUNNEL_HOME": str(home)}
    demo = subprocess.Popen(
        [*COMMAND, "demo"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # a shell's background jobs ignore it; one that is only reset is safe beside other threads
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # noqa: PLW1509
    )  # fmt: skip
    assert demo.stdout is not None
    assert "new-business" in demo.stdout.readline()
    demo.send_signal(number)
    _, words = demo.communicate(timeout=60)
    assert demo.returncode == 3 and "interrupted; nothing was left running" in words, words


@pytest.mark.live
def test_a_core_that_dies_at_its_start_is_shown_with_its_last_words(home: Path) -> None:
    program = f"{sys.executable} -c \"import sys; sys.exit('SYNCCORE_URL is wrong')\""
    done = windtunnel("run", "new-business", "--mode", "live", "--core", program, home=home)
    assert done.returncode == 3
    assert "core ended at its start (exit code 1)" in done.stderr and "SYNCCORE_URL is wrong" in done.stderr
