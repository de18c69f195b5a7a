"""The bank's file is one that the legacy ERP's own readers accept to the last control total."""

from datetime import UTC, date, datetime

import pytest

from harness.drivers.bank_file import Transfer, pay_file
from harness.drivers.cloud_clerk import authorization
from simulators.erp_legacy.intake import check_lines, check_sums, check_transfer, read_content, read_control

AT = datetime(2026, 1, 6, 9, 0, tzinfo=UTC)
CASES = [("SGD", 11_009_000), ("SGD", 1), ("JPY", 1_200), ("KWD", 1_250)]


@pytest.mark.parametrize(("currency", "amount"), CASES)
def test_every_check_of_the_receiver_passes(currency: str, amount: int) -> None:
    transfer = Transfer("SG01", "0000900001", "SG-000001", currency, amount, date(2026, 1, 6), "BK260106000007")
    base, data, control_bytes = pay_file([transfer], 7, AT)
    assert base == "PAY_BANK01_20260106_000007"
    lines = data.splitlines(keepends=True)
    control = read_control(base, control_bytes)
    assert control.iface == "PAY" and control.sequence == 7  # type: ignore[union-attr]
    assert check_transfer(control, len(data), [data]) is None  # type: ignore[arg-type]
    assert check_lines(lines) is None
    content = read_content(lines)
    assert content.totals[currency].debit == amount  # type: ignore[union-attr]
    assert check_sums(control, content) is None  # type: ignore[arg-type]


def test_what_does_not_fit_is_refused() -> None:
    transfer = Transfer("SG01", "0000900001", "X" * 19, "SGD", 1, date(2026, 1, 6), "B")
    with pytest.raises(ValueError, match="does not fit"):
        pay_file([transfer], 1, AT)


def test_a_signature_as_in_the_published_example_of_its_kind() -> None:
    secret = {"account": "A_1", "consumer_key": "ck", "consumer_secret": "cs", "token_id": "tk", "token_secret": "ts"}
    url = "http://127.0.0.1:9002/services/rest/record/v1/customerPayment?b=2&a=1 2"
    header = authorization(secret, "POST", url, "n1", 1_700_000_000)
    assert header.startswith('OAuth realm="A_1", oauth_consumer_key="ck"')
    assert authorization(secret, "POST", url, "n1", 1_700_000_000) == header
    assert authorization(secret, "POST", url, "n2", 1_700_000_000) != header
