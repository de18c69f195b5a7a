"""Answers of the legacy ERP: one that was cut between two lines is not taken for the whole."""

import pytest

from synccore.domain.extracts import Unreadable, read_answer


def head(count: int) -> str:
    return f"{'ACK' + 'BILL_SUBHUB_20260105_000001'.ljust(40) + 'OK'.ljust(3) + ' ' * 12 + f'{count:08d}' * 2:<160}"


DOC = f"{'DOC2000000001000001':<160}"


@pytest.mark.parametrize(
    ("name", "lines", "whole"),
    [
        ("X.ACK", [head(2), DOC, DOC], True), ("X.ACK", [head(2), DOC], False), ("X.ACK", [head(1)], False),
        ("X.A02", [head(3), DOC], True), ("X.A02", [head(3)], False), ("X.ACK", [head(1), DOC[:80]], False),
        ("X.REJ", ["REJ" + head(0)[3:]], True),
    ],
)  # fmt: skip
def test_an_answer_names_as_many_documents_as_its_head_counts(name: str, lines: list[str], whole: bool) -> None:
    rows = read_answer(name, "\r\n".join(lines))
    assert any(isinstance(row, Unreadable) for row in rows) is not whole
