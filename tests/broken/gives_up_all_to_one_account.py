"""Posts whatever is given up to one account, also what has a reason with an account of its own."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

_POLICY = "{tolerance: {USD: 25}, erp_item: BANK-CHARGES, reasons: {withholding: {percent: 10, erp_item: WITHHOLDING}}}"
STORY = stories.story(
    "withheld", f"set_policy: {{name: short_payments, value: {_POLICY}}}",
    'erp_item: {external_id: BANK-CHARGES, name: Bank charges, income_account: "8", subsidiaries: ["1"]}',
    'erp_item: {external_id: WITHHOLDING, name: Withholding tax, income_account: "13", subsidiaries: ["1"]}',
    "customer: {id: lake, name: Lakeside, entity: US, country: US, state: IL, city: Chicago}",
    "deal: {id: lake-1, customer: lake, lines: [{sku: ONBOARD}]}", "close: lake-1", "settle",
    "transfer: {deal: lake-1, amount: 4500}", "settle", "advance: 1h",
    expect="expect: {exceptions: [], accounts: {erp_cloud/1300/USD: 500, erp_cloud/6800/USD: 0}}",
)  # fmt: skip
CAUGHT_BY = {"story"}


def change(parts: Parts) -> Parts:
    return alter.policy(parts, "short_payments", reasons={"withholding": {"percent": "10"}})
