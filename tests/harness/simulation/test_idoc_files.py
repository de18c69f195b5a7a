"""The files that the core wrote in played stories are what a second reader, made of the published pages, accepts."""

import hashlib
from decimal import Decimal
from pathlib import Path

import pytest

from harness.scenario import Scenario
from harness.scenario.lint import load_story
from harness.simulation.flight import fly
from harness.simulation.hangar import hangar
from tests.broken import recoveries
from tests.harness.simulation.idoc_reader import Idoc, Strange, read

SCENARIOS = Path(__file__).parents[3] / "scenarios"
STORIES = ("refund-and-chargeback", "fx-payment", "clerk-corrects-next-morning", "items-moved")
Pair = tuple[bytes, bytes]
Stories = dict[str, tuple[dict[str, Pair], list[dict[str, str]]]]


def named(name: str) -> Scenario:
    return recoveries.items_moved() if name == "items-moved" else load_story(SCENARIOS / f"{name}.yaml")


def flown(name: str) -> tuple[dict[str, Pair], list[dict[str, str]]]:
    """All that the core has put into the drop in this story, by base name, and the ledger's document headers."""
    story = named(name)
    result, _ = fly(story, "21", replay=False)
    assert result.outcome == "holds", result.findings
    legacy = hangar(story.world).systems["erp_legacy"]
    files = legacy.files  # type: ignore[attr-defined]
    paths = [row["path"] for row in files.listing("SUBHUB", "archive") if row["path"].endswith(".DAT")]
    pairs = {path.rpartition("/")[2][:-4]: (files.content(path), files.content(f"{path[:-4]}.CTL")) for path in paths}
    return pairs, [row for row in legacy.books()["document"] if row["object"] == "BKPF"]


@pytest.fixture(scope="module")
def stories() -> Stories:
    return {name: flown(name) for name in STORIES}


def documents(pairs: dict[str, Pair]) -> list[Idoc]:
    return [one for base, (data, control) in sorted(pairs.items()) for one in read(base, data, control)]


def test_a_second_reader_accepts_every_file_and_reads_what_the_ledger_has_posted(stories: Stories) -> None:
    for name, (pairs, posted) in stories.items():
        written = {(one.header["BLART"], one.header["XBLNR"], one.header["BLDAT"], one.header["WAERS"], one.gross)
                   for one in documents(pairs) if one.control["MESTYP"].strip() == "ZSUBINV"}  # fmt: skip
        booked = {(row["BLART"], row["XBLNR"], row["BLDAT"], row["WAERS"], Decimal(row["WRBTR"])) for row in posted
                  if row["BLART"] in ("DR", "DG")}  # fmt: skip
        assert booked and booked <= written, (name, booked - written)


def test_the_files_are_of_every_kind_that_the_core_writes(stories: Stories) -> None:
    read_of_all = [one for pairs, _ in stories.values() for one in documents(pairs)]
    kinds = {(one.header["BLART"], one.header["ZACTION"]) for one in read_of_all if one.segments[0][0] == "Z1SUBHD"}
    assert kinds == {("DR", "C"), ("DG", "C"), ("DZ", "C"), ("AB", "C"), ("DZ", "R")}
    assert {one.header["WAERS"] for one in read_of_all if one.segments[0][0] == "Z1SUBHD"} >= {"SGD", "JPY"}
    assert any(one.control["MESTYP"].strip() == "DEBMAS" for one in read_of_all)


LINE = 1063 + 2  # of a data record; the control record before them has 524
EDITS = {  # what is wrong -> (segment counted from 0, place in the line, what is written there)
    "an amount that no longer balances": (1, 63 + 20 + 12, b"0.01"),
    "decimals that the currency has not": (1, 63 + 20, b"           1.000"),
    "an amount in exponents": (1, 63 + 20, b"           1e2  "),
    "a side that its key has not": (1, 63 + 19, b"H"),
    "a posting key of nobody": (1, 63 + 6, b"99"),
    "a line counted wrong": (1, 63, b"000007"),
    "an account of nine": (2, 63 + 9, b"400100    "),
    "a segment counted wrong": (1, 49, b"000009"),
    "a parent that is none": (1, 55, b"000000"),
    "another document's number": (1, 33, b"9"),
    "text behind the fields": (0, 63 + 223, b"x"),
    "a month beside the day": (0, 63 + 38, b"12"),
    "a day that is none": (0, 63 + 22, b"20260231"),
    "a reversal of nothing": (0, 63 + 222, b"R"),
    "a key that is not the document's": (0, 63 + 6, b"ZZ"),
    "a control character": (0, 63 + 57, b"\x0b"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", EDITS)
def test_the_second_reader_refuses(stories: Stories, wrong: str) -> None:
    pairs, _ = stories["refund-and-chargeback"]
    base = min(base for base in pairs if base.startswith("BILL_"))
    data, control = pairs[base]
    segment, place, text = EDITS[wrong]
    at = 524 + 2 + segment * LINE + place
    edited = data[:at] + text + data[at + len(text) :]
    assert edited != data and read(base, data, control)
    with pytest.raises(Strange):
        read(base, edited, proven(control, edited))


def proven(control: bytes, data: bytes) -> bytes:
    """The control file with the edited file's own length and hash, so that those do not give it away."""
    at = control.index(b"END")
    return control[: at + 3] + b"%012d" % len(data) + hashlib.sha256(data).hexdigest().encode() + control[at + 79 :]


@pytest.mark.parametrize(("line", "place", "digits"), [(0, 49, 8), (0, 57, 8), (1, 8, 18), (1, 26, 18), (1, 44, 16),
                                                       (-2, 3, 12), (-2, 79, 8)])  # fmt: skip
def test_a_control_file_that_says_otherwise_is_refused(stories: Stories, line: int, place: int, digits: int) -> None:
    pairs, _ = stories["refund-and-chargeback"]
    base = min(base for base in pairs if base.startswith("BILL_"))
    data, control = pairs[base]
    lines = control.split(b"\r\n")
    number = int(lines[line][place : place + digits]) + 1
    lines[line] = lines[line][:place] + b"%0*d" % (digits, number) + lines[line][place + digits :]
    with pytest.raises(Strange):
        read(base, data, b"\r\n".join(lines))
