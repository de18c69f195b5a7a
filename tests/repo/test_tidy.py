"""House style as an ordinary test: sizes, names, and calls that break repeatability, with what to use instead."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
VAGUE_NAMES = frozenset(("utils", "helpers", "common", "misc", "manager", "service", "util", "helper"))

# What the simulation runs may not use these: same seed, same digest. Value: what to use instead.
BANNED = {
    "asyncio.TaskGroup": "tasks kept in a list, cancelled in creation order",
    "asyncio.wait": "await in creation order",
    "asyncio.wait_for": "asyncio.timeout",
    "asyncio.all_tasks": "keep your own list of tasks",
    "asyncio.to_thread": "inline code, or database.run in live",
    "uuid.uuid4": "the seeded chance",
    "uuid.uuid1": "the seeded chance",
    "secrets.token_hex": "the seeded chance",
    "secrets.token_urlsafe": "the seeded chance",
    "time.time": "the clock that was handed in",
    "time.sleep": "an event, or the clock's sleep",
    "datetime.now": "the clock that was handed in",
    "datetime.utcnow": "the clock that was handed in",
    "date.today": "the clock that was handed in",
    "random.random": "a named stream of the seeded chance",
    "random.choice": "a named stream of the seeded chance",
    "random.randint": "a named stream of the seeded chance",
}
SIMULATED = ("simulators", "synccore", "harness/simulation", "harness/checkers")
# The live ends of the seams: real time, real chance, real threads, each behind a port.
LIVE_ENDS = frozenset(("simulators/kit/server.py",))


def tracked(*folders: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *folders],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    named = [ROOT / name for name in listed.stdout.split() if name.endswith(".py") and (ROOT / name).exists()]
    return [path for path in named if path.parent.name != "generated"]  # what protoc writes is nobody's style


def test_files_are_read_in_a_sitting() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in tracked(".")
        if (count := len(path.read_text().splitlines())) > FILE_LINES_MAX
    }
    assert not long, f"over {FILE_LINES_MAX} lines, probably two ideas: {long}"


def test_functions_are_short() -> None:
    long = []
    for path in tracked("simulators", "synccore", "harness", "ui"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                lines = node.end_lineno - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name} ({lines} lines)")
    assert not long, f"over {FUNCTION_LINES_MAX} lines: {long}"


def test_rooms_have_names() -> None:
    vague = [str(path.relative_to(ROOT)) for path in tracked(".") if path.stem in VAGUE_NAMES]
    assert not vague, f"a newcomer finds the room by its name: {vague}"


def test_modules_say_what_they_are_for() -> None:
    silent = [str(path.relative_to(ROOT)) for path in tracked("simulators", "synccore", "harness", "ui")
              if not ast.get_docstring(ast.parse(path.read_text()))]  # fmt: skip
    assert not silent, f"no first line: {silent}"


def calls(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield ".".join(ast.unparse(node.func).split(".")[-2:]), node.lineno


@pytest.mark.parametrize("folder", SIMULATED)
def test_nothing_simulated_breaks_repeatability(folder: str) -> None:
    found = []
    for path in tracked(folder):
        name = str(path.relative_to(ROOT))
        if name in LIVE_ENDS:
            continue
        for call, line in calls(ast.parse(path.read_text())):
            if call in BANNED:
                found.append(f"{name}:{line} {call}: use {BANNED[call]}")
    assert not found, "\n".join(found)


def test_the_lock_records_no_addresses() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert "--hash=sha256:" in lock


def test_no_path_of_a_machine_is_committed() -> None:
    here = str(ROOT.parent) + "/"
    bad = [str(path.relative_to(ROOT)) for path in tracked(".") if here in path.read_text()]
    assert not bad, bad
