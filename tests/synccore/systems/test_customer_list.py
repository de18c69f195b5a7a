"""The legacy ERP's list of customers: read by its offsets, whole or not at all."""

import pytest

from synccore.ports.outcomes import Later
from synccore.ports.postings import Stranger
from synccore.systems.customer_list import read


def row(company: str, number: str, name: str, more: str = "", tax: str = "") -> str:
    return f"CUS{company}{number}{name:<35}{more:<35}SG {'Singapore':<35}{tax:<20}{'':<15}\r\n"


ROWS = row("SG01", "0000100001", "Merlion Freight", tax="T1") + row("SG02", "0000100002", "Elsewhere")
END = f"{'TRL00000002':<160}\r\n"


def test_the_customers_of_a_company_code_are_read() -> None:
    assert read("ZCUSTLST_1", ROWS + END, "SG01") == [Stranger("0000100001", "Merlion Freight", "T1")]
    assert read("ZCUSTLST_1", f"{'TRL00000000':<160}\r\n", "SG01") == []


@pytest.mark.parametrize("text", ["", ROWS, ROWS.replace("Elsewhere", "") + END, row("SG01", "1", "x") + END])
def test_a_list_that_is_not_whole_is_not_believed(text: str) -> None:
    with pytest.raises(Later):
        read("ZCUSTLST_1", text, "SG01")
