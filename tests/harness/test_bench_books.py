"""The bench of large books: what it measures is a real comparison, which sees a cent."""

import re
from pathlib import Path

import pytest

from harness.bench.big_books import big_books, export, reconciled

BILLS = 80


def test_books_that_agree_are_compared_without_a_break() -> None:
    took, peak, _, _ = big_books(600)
    assert "160 counted, no break" in took.note and took.value > 0 and peak.value > 0


@pytest.mark.parametrize(
    ("table", "old", "new", "said"),
    [
        ("invoice", '"total":10103', '"total":10104', "not 10104"),
        ("Invoice__c", ",101.03,", ",101.04,", "Salesforce"),
        ("transaction", '"foreigntotal":"101.30"', '"foreigntotal":"101.31"', "cloud ERP"),
        ("BILL", r"SG-0000002", "SG-0099999", "SG-0000002"),
        ("Payment__c", r"^.*CB:txn_22,.*\n", "", "txn_22"),
        ("subscription", '"total_contract_value_before_tax":10005', '"total_contract_value_before_tax":10006', "value"),
    ],
)  # fmt: skip
def test_each_system_s_export_is_read(tmp_path: Path, table: str, old: str, new: str, said: str) -> None:
    export(tmp_path, BILLS)
    text = (tmp_path / table).read_text()
    changed = re.sub(old, new, text, count=1, flags=re.MULTILINE)
    assert changed != text
    (tmp_path / table).write_text(changed)
    found = reconciled(str(tmp_path), BILLS)
    assert found["breaks"] and said in " ".join(found["first"]), found
