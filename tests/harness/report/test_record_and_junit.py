"""A record repeats a run, a damaged one is refused with its line; JUnit says what broke and how to repeat it."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from harness.events import EventStream
from harness.record import RecordError, RecordWriter, first_difference, read_record
from harness.report.junit import write_junit
from harness.scenario import Scenario, read_story

STORY = """
story: small
title: One deal
steps:
  - customer: {id: acme, name: Acme, entity: US}
"""


def recorded(path: Path, scenario: Scenario) -> EventStream:
    writer = RecordWriter(path)
    stream = EventStream(lambda: 100.0)
    stream.subscribe(writer)
    stream.add("run", story="small", title="One deal", seed="7", mode="sim", steps=1, scenario=scenario.to_json())
    stream.add("step", number=1, verb="customer", line=4, state="done", said="Acme is a customer")
    digest = stream.digest
    stream.add("end", story="small", outcome="holds", digest=digest)
    writer.close()
    return stream


def test_a_record_can_be_read_back(tmp_path: Path) -> None:
    scenario = read_story(STORY)
    stream = recorded(tmp_path / "run.jsonl", scenario)
    (record,) = read_record(tmp_path / "run.jsonl")
    assert record.scenario.to_json() == scenario.to_json()
    assert (record.seed, record.mode, record.outcome) == ("7", "sim", "holds")
    assert first_difference(record.events, [event.to_json() for event in stream.events]) == ""


def test_the_first_difference_is_named(tmp_path: Path) -> None:
    recorded(tmp_path / "run.jsonl", read_story(STORY))
    (record,) = read_record(tmp_path / "run.jsonl")
    other = [dict(row) for row in record.events]
    other[1]["said"] = "Acme is another customer"
    assert first_difference(record.events, other).startswith("event 2 (step) differs: said was 'Acme is a customer'")
    assert "has 3 events, this run 2" in first_difference(record.events, other[:0] + record.events[:2])


def test_a_record_cut_anywhere_is_refused_with_words(tmp_path: Path) -> None:
    whole = tmp_path / "run.jsonl"
    recorded(whole, read_story(STORY))
    data = whole.read_bytes()
    cut = tmp_path / "cut.jsonl"
    for size in range(0, len(data) - 1, 37):
        cut.write_bytes(data[:size])
        with pytest.raises(RecordError, match=r"cut\.jsonl:"):
            read_record(cut)


@pytest.mark.parametrize("text", ["", "{}\n", "nonsense\n", '{"kind": "record", "format": 99}\n', "[1]\n"])
def test_what_is_no_record_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(text)
    with pytest.raises(RecordError, match=r"x\.jsonl"):
        read_record(path)
    with pytest.raises(RecordError, match="cannot be read"):
        read_record(tmp_path / "missing")


def test_junit_names_what_broke_and_how_to_repeat_it(tmp_path: Path) -> None:
    verdicts = [
        {"invariant": "I1", "outcome": "holds", "title": "one effect", "checked": 3, "findings": []},
        {"invariant": "I5", "outcome": "broken", "title": "ties out", "checked": 3, "findings": ["off by \x00 1"]},
        {"invariant": "I9", "outcome": "unknown", "title": "replay", "checked": 0, "findings": []},
    ]
    run = {"story": "small", "seed": "7", "mode": "sim", "digest": "d", "took_s": 1.5, "verdicts": verdicts,
           "repeat": "windtunnel run small --mode sim --seed 7"}  # fmt: skip
    write_junit(tmp_path / "out" / "junit.xml", [run])
    suite = ET.parse(tmp_path / "out" / "junit.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
    failure = suite.find(".//failure")
    assert failure is not None and "windtunnel run small --mode sim --seed 7" in (failure.text or "")
