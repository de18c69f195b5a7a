"""Files of the legacy ERP with anything in their lines: what makes no sense is kept for a person, the rest goes on."""

import asyncio
import os
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synccore.domain.extracts import LENGTHS, PAYMENT, OutboundFile
from synccore.ports.outcomes import Later
from synccore.ports.stores import Unit
from synccore.processes.legacy_answers import LegacyOutbound
from tests.synccore.experience.desks import Office

EXAMPLES = int(os.environ.get("WINDTUNNEL_EXAMPLES", "40"))
CUSTOMER = "001000000000001AAA-SG"
SOUND = {"RECTYP": "PAY", "BUKRS": "SG01", "AUGBL": "", "GJAHR": "2026", "AUGDT": "20260106", "KUNNR": "0000900001",
         "XBLNR": "SG-1", "WAERS": "SGD", "WRBTR": "10.00", "BELNR": "1400000001"}  # fmt: skip
ODD = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=16) | st.sampled_from(
    ["-", "1E99999999", "NaN", "-1E9999999", "1.2.3", "--5", "20261399", "\u0663", "0", "-10.00"]
)  # fmt: skip


def payment(**fields: str) -> str:
    line = [" "] * LENGTHS["PAY"]
    for name, text in {**SOUND, **fields}.items():
        start, length = PAYMENT[name]
        line[start : start + length] = text[:length].ljust(length)
    return "".join(line)


class Drop:
    def __init__(self, *lines: str) -> None:
        text = "\r\n".join([*lines, f"TRL{len(lines):08d}"])
        self._file = OutboundFile("ZSUBPAY_SG01_20260106_000001", text)

    async def outbound(self, known: list[str]) -> list[OutboundFile]:
        return [] if self._file.name in known else [self._file]


def taken(*lines: str) -> tuple[set[str], list[str]]:
    """Subjects of the work that came of a file, and why lines lie dead."""

    async def flight() -> tuple[set[str], list[str]]:
        office = Office()
        database = office.core.database

        def known(unit: Unit) -> None:
            unit.links.put("customer", CUSTOMER, "erp_legacy", SOUND["KUNNR"])

        await database.run(known)
        context: Any = replace(office.core.context, legacy=Drop(*lines))  # type: ignore[arg-type]
        ticker = LegacyOutbound(context)
        for _ in range(2):  # a line of another length is fetched twice before it is believed
            try:
                await ticker()
            except Later:
                continue
        work = await database.run(lambda unit: unit.work.open())
        letters = await database.run(lambda unit: unit.letters.list("dead"))
        return {item.subject for item in work}, [letter.cause for letter in letters]

    return asyncio.run(flight())


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)
@given(fields=st.dictionaries(st.sampled_from(sorted(set(PAYMENT) - {"RECTYP"})), ODD, max_size=4))
def test_whatever_a_line_says_the_next_one_is_taken_in(fields: dict[str, str]) -> None:
    subjects, _ = taken(payment(**fields), payment(BELNR="1400000002"))
    assert "L-SG01-2026-1400000002" in subjects


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"WRBTR": "1E99999999"}, "'1E99999999' is no amount"), ({"WRBTR": "NaN"}, "'NaN' is no amount"),
        ({"RESTBT": "1.2.3"}, "'1.2.3' is no amount"), ({"WRBTR": "-5.00", "GJAHR": "soon"}, "soon"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_says_why(fields: dict[str, str], said: str) -> None:
    subjects, causes = taken(payment(**fields), payment(BELNR="1400000002"))
    assert subjects == {"L-SG01-2026-1400000002"}
    assert len(causes) == 1 and said in causes[0], causes


def test_a_line_of_another_length_is_kept_as_it_came() -> None:
    subjects, causes = taken(payment()[:90], payment(BELNR="1400000002"))
    assert subjects == {"L-SG01-2026-1400000002"} and any("90" in cause for cause in causes)
