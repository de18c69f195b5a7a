"""Small stories of a move between ledgers in which planted defects show."""

from harness.scenario import Scenario
from tests.broken.stories import LINES, MERLION, story


def moves() -> Scenario:
    """Singapore's move to the cloud ERP is announced; another bill is issued before its day."""
    return story(
        "moves", "customer: " + MERLION, f"deal: {{id: merlion-1, customer: merlion, lines: {LINES}}}",
        "deal: {id: merlion-2, customer: merlion, lines: [{sku: ONBOARD}]}", "close: merlion-1", "settle",
        "cutover: {entity: SG, ledger: cloud, on: 2026-01-12}", "advance: 1d", "close: merlion-2", "settle",
        "advance: 2d", head="genesis: 2026-01-05T01:00:00Z",
    )  # fmt: skip


def moves_in_waves() -> Scenario:
    """Services go to the cloud ERP first: a subscription and another's services are sold between the two days."""
    waves = "waves: [{on: 2026-01-06, product_lines: {services: [ONBOARD]}}]"
    return story(
        "moves-in-waves", "customer: " + MERLION, f"deal: {{id: merlion-1, customer: merlion, lines: {LINES}}}",
        "deal: {id: merlion-2, customer: merlion, lines: [{sku: ONBOARD}]}",
        f"cutover: {{entity: SG, ledger: cloud, on: 2026-01-12, {waves}}}", "advance: 1d",
        "close: [merlion-1, merlion-2]", "settle", "advance: 2d", head="genesis: 2026-01-05T01:00:00Z",
    )  # fmt: skip


def dual_run() -> Scenario:
    """Singapore's bills are posted in both ledgers before its move: one is credited meanwhile."""
    return story(
        "dual-run", "customer: " + MERLION, f"deal: {{id: merlion-1, customer: merlion, lines: {LINES}}}",
        'cutover: {entity: SG, ledger: cloud, on: 2026-02-02, dual_from: 2026-01-05, shadow: "4"}', "close: merlion-1",
        "settle", "advance: 1d", "credit: {deal: merlion-1, amount: 1744.00}", "settle", "advance: 1d",
        head="genesis: 2026-01-05T01:00:00Z",
    )  # fmt: skip
