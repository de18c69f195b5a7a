"""I25: each business exception is somebody's by a time, and once it is resolved the systems agree about its subject.

Judged from what the core tells of its exceptions alone (GET /exceptions). Whose a kind is stands here once more.
"""

from collections.abc import Mapping
from typing import Any

from harness.checkers import agreement, effects
from harness.checkers.case import Case

DUE_HOURS = 24  # of business time: a person is asked to look within a day
SALES, FINANCE, TAX, PRODUCT = "sales-operations", "finance", "tax", "product-data"
BILLING, USAGE, INTEGRATION = "billing-operations", "product-operations", "integration"
_OF_ROLE: dict[tuple[str, ...], str] = {
    (SALES,): "change_undone contract_ended contract_unknown deal_edited deal_incomplete declined_too_late"
    " entity_mismatch meter_not_contracted milestones_differ price_differs quoted_otherwise renewal_decided"
    " renewal_overwritten renewed_otherwise scheduled_change_conflict unknown_entity won_again",
    (SALES, FINANCE): "deal_reopened",  # finance's once it was billed
    (FINANCE,): "application_conflict closed_period credit_over_customers customer_ambiguous customer_list_missing"
    " discount_taken erp_item_missing ledger_refused legacy_unmapped migration_unmapped milestone_changed"
    " paid_meanwhile payment_exceeds_due payment_over_customers payment_over_ledgers posting_differs"
    " refund_exceeds_payment refund_of_platform_payment refund_unexplained reopened_after_move rounding_unmapped"
    " short_payment unknown_bill unknown_customer usage_corrected_late write_off_unmapped",
    (TAX,): "bill_inconsistent missing_tax_profile tax_mismatch",
    (PRODUCT,): "price_missing unmapped_item unmapped_meter",
    (BILLING,): "unknown_subscription usage_late",
    (USAGE,): "usage_file_malformed usage_malformed",
    (INTEGRATION,): "healing_held misshapen_event rejected restored_core schema_drift system_set_back unreadable_line",
}  # fmt: skip
OWNERS = {kind: roles for roles, kinds in _OF_ROLE.items() for kind in kinds.split()}


def owned_and_ended(case: Case) -> tuple[int, list[str]]:
    """I25: its owner fits its kind, it is due within a day, and what is resolved says how and left nothing apart.

    A kind that nobody here knows (another core's) must be somebody's. What a person has taken is as that one left it.
    What is resolved excuses nothing any more: I2 and I4 say of its subject that nothing is lost and all copies agree.
    """
    findings = []
    for row in case.exceptions:
        name = f"exception {row.get('id')} ({row['kind']} of {row['subject']})"
        if not row.get("assignee"):
            findings += [f"{name} {wrong}" for wrong in _unowned(row)]
        if row["state"] != "open" and not row.get("resolution"):
            findings.append(f"{name} is {row['state']} and says not how")
    return len(case.exceptions), findings + _apart(case)


def why_not_asked(case: Case) -> str:
    """A story in which nothing is a person's to resolve."""
    return "" if case.exceptions else "the core opened no exception"


def _unowned(row: Mapping[str, Any]) -> list[str]:
    wrong, role, known = [], row.get("owner_role"), OWNERS.get(row["kind"])
    if not role or (known is not None and role not in known):
        wrong.append(f"is {role or 'nobody'}'s, and should be {' or '.join(known or ('somebody',))}'s")
    hours = (float(row.get("due_at") or 0.0) - float(row.get("opened_at") or 0.0)) / 3_600
    if not 0 < hours <= DUE_HOURS:
        wrong.append(f"is due {hours:.1f} hours after it was opened, and should be within {DUE_HOURS}")
    return wrong


def _apart(case: Case) -> list[str]:
    """What the judges of loss and of copies find about the subject of a resolved exception."""
    resolved = {str(row["subject"]): row for row in case.exceptions if row["state"] == "resolved" and row["subject"]}
    if not resolved or case.edited:
        return []
    found = effects.nothing_lost(case)[1] + agreement.fields_agree(case)[1]
    return [
        f"exception {row.get('id')} ({row['kind']}) is resolved, and yet: {finding}"
        for subject, row in resolved.items() for finding in found if subject in finding
    ]  # fmt: skip
