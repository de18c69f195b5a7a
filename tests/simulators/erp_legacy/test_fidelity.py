"""FIDELITY.md says what the code does: acts, file codes, messages, the site's own segment."""

import re
from pathlib import Path
from typing import get_args

import simulators.erp_legacy
from simulators.erp_legacy.errors import MESSAGES, FileCode
from simulators.erp_legacy.layouts import E1KNB1M

from .world import World

PAGE = (Path(simulators.erp_legacy.__file__).parent / "FIDELITY.md").read_text()


def section(title: str) -> str:
    return PAGE.partition(f"## {title}")[2].partition("\n## ")[0]


def test_every_act_is_described() -> None:
    described = set(re.findall(r"(?:^|· |\n)([a-z]+(?:_[a-z]+)*)(?= [·{]|\s·)", section("Acts").partition("\n")[2]))
    assert described == set(World().erp.acts)


def test_the_sites_segment_is_written_as_it_is() -> None:
    paragraph = PAGE.partition("**E1KNB1M**")[2].partition("AKONT (a")[0]
    fields = [(name, int(offset), int(length)) for name, offset, length in re.findall(r"(\w+)@(\d+)\+(\d+)", paragraph)]
    assert fields == [(field.name, field.offset, field.length) for field in E1KNB1M.fields]


def test_every_message_and_code_is_exercised_somewhere() -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert [code for code in get_args(FileCode) if code not in tests] == []
    numbers = {f"{stamid} {stamno}" for stamid, stamno, _ in MESSAGES.values()}
    assert sorted(number for number in numbers if number not in tests) == []
