"""The judges: each invariant looks at books and history alone and answers holds, broken or unknown."""

from harness.checkers import (
    agreement,
    causes,
    closing,
    draining,
    drifting,
    effects,
    homes,
    outages,
    owning,
    reconciling,
    revenue,
    service_levels,
    shown,
    taxation,
    versions,
)
from harness.checkers.case import (
    Case,
    Check,
    Closing,
    Cutover,
    Drift,
    NotAsked,
    Outage,
    Outcome,
    Reconciliation,
    Replay,
    Verdict,
)

__all__ = [
    "CHECKS",
    "Case",
    "Check",
    "Closing",
    "Cutover",
    "Drift",
    "Outage",
    "Outcome",
    "Reconciliation",
    "Replay",
    "Verdict",
    "judge",
    "overall",
]


def _probes_hit(case: Case) -> tuple[int, list[str]]:
    """I27: a disturbance that never struck proves nothing."""
    return len(case.probes), [f"disturbance {name} was never hit" for name, hits in case.probes.items() if not hits]


CHECKS: dict[str, tuple[str, Check]] = {
    "I1": ("each business key has exactly one effect per target", effects.one_effect_per_key),
    "I2": ("nothing that was accepted is lost", effects.nothing_lost),
    "I4": ("copies agree field by field", shown.copies_agree),
    "I5": ("the books tie out, nothing unexplained", agreement.tie_out_holds),
    "I6": ("what is shown never goes back to an older version", versions.never_back),
    "I8": ("each document has exactly one ledger of record", homes.one_ledger_each),
    "I9": ("replay, and a second replay, change nothing", agreement.replay_is_silent),
    "I10": ("a system that is away is called ever more seldom", outages.calls_are_few),
    "I11": ("all is drained within the bound of its channel", draining.drained),
    "I12": ("an outage delays only what needs the system, and only until it is back", outages.flows_keep_their_bound),
    "I15": ("reconciliation reports exactly the breaks that are there", reconciling.reports_are_true),
    "I16": ("what no longer fits is never written, what fits never blocked", drifting.only_misfits_wait),
    "I18": ("service levels are told as they are", service_levels.told_as_they_are),
    "I19": ("each write has one cause, and the trail verifies", causes.each_write_has_one),
    "I25": ("each exception is somebody's by a time, and ends in agreement", owning.owned_and_ended),
    "I27": ("every disturbance was really hit", _probes_hit),
    "I28": ("ledgers balance, sub-ledger equals control account", agreement.ledgers_balance),
    "I29": ("nothing is posted into a closed month", closing.nothing_in_closed_months),
    "I30": ("tax fits entity, ship-to, registration and tax point", taxation.tax_fits),
    "I31": ("nothing echoes", effects.no_echo),
    "I32": ("billed = recognised + deferred, per line and month", revenue.revenue_adds_up),
}
NOT_ASKED: dict[str, NotAsked] = {  # where seeing nothing may be no failure, and what must be so for that
    "I6": versions.why_not_asked,
    "I8": lambda case: "" if case.canon.bills() else "nothing was billed",
    "I9": lambda _case: "nothing was replayed",
    "I10": lambda case: "" if case.outages else "no system was away",
    "I11": draining.why_not_asked,
    "I12": outages.nothing_to_delay,
    "I15": lambda _case: "nothing was reconciled",
    "I16": lambda case: "" if case.drifts else "no schema changed",
    "I18": service_levels.why_not_asked,
    "I19": causes.why_not_asked,
    "I25": owning.why_not_asked,
    "I27": lambda _case: "nothing disturbs this story",
    "I29": lambda case: "nothing was entered later" if case.closings else "no month was closed",
    "I30": taxation.no_law,
    "I31": effects.nothing_was_paid,
    "I32": revenue.nothing_deferred,
}


def judge(case: Case, only: tuple[str, ...] = ()) -> list[Verdict]:
    """Ask every judge. A judge that crashed or saw nothing to check answers unknown, never holds.

    One that has nothing to see answers `not applicable`: it proves nothing, and is no doubt either.
    """
    verdicts = []
    for name, (title, check) in CHECKS.items():
        if only and name not in only:
            continue
        try:
            checked, findings = check(case)
        except Exception as error:  # a judge that fails has not judged
            verdicts.append(Verdict(name, "unknown", title, 0, (f"the checker failed: {error!r}",)))
            continue
        verdicts.append(_verdict(name, title, checked, findings, case))
    return verdicts


def _verdict(name: str, title: str, checked: int, findings: list[str], case: Case) -> Verdict:
    if findings:
        return Verdict(name, "broken", title, checked, tuple(findings))
    doubts = [*case.canon.unread, *case.defects]
    if case.lost_history:
        doubts.append("the run record overflowed")
    if doubts:
        return Verdict(name, "unknown", title, checked, tuple(doubts))
    if not checked:
        reason = NOT_ASKED[name](case) if name in NOT_ASKED else ""
        if reason:
            return Verdict(name, "not applicable", title, 0, (reason,))
        return Verdict(name, "unknown", title, 0, ("there was nothing to check",))
    return Verdict(name, "holds", title, checked)


def overall(verdicts: list[Verdict]) -> Outcome:
    """Broken if any is broken, else unknown if any is unknown (or none could say anything), else holds."""
    outcomes = {verdict.outcome for verdict in verdicts} - {"not applicable"}
    if "broken" in outcomes:
        return "broken"
    return "unknown" if "unknown" in outcomes or not outcomes else "holds"
