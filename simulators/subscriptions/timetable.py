"""Who does which job of the platform when it falls due."""

from collections.abc import Callable

from simulators.kit.jobs import Job
from simulators.subscriptions import (
    activation,
    advances,
    cancellation,
    changes,
    consolidation,
    dunning_control,
    exports,
    gateway_answers,
    moving,
    pauses,
    payment_intents,
    payment_schedules,
    quote_documents,
    ramps,
    renewals,
    settlement,
    site_moves,
    site_pages,
    terms,
    usage_files,
    usage_rating,
)
from simulators.subscriptions.work import Work

JOBS: dict[str, Callable[[Work, Job], None]] = {
    "start": activation.start_due,
    "trial_end": activation.trial_over,
    "term_end": renewals.term_end,
    "renewal_reminder": terms.remind,
    "scheduled_change": changes.on_date,
    "ramp": ramps.due,
    "pause": pauses.pause_due,
    "resume": pauses.resume_due,
    "cancel": cancellation.on_date,
    "advance": advances.due,
    "consolidated": consolidation.due,
    "move": moving.move_due,
    "invoice_due": renewals.invoice_due,
    "dunning": settlement.retry_charge,
    "dunning_cancel": dunning_control.cancel_unpaid,
    "late_failure": gateway_answers.late_failure,
    "gateway_answer": gateway_answers.answered,
    "intent_expires": payment_intents.expired,
    "schedule_entry": payment_schedules.entry_due,
    "usage_term": usage_rating.term_over,
    "usage_close": usage_rating.close_due,
    "usage_reminder": usage_rating.remind,
    "usage_file": usage_files.processed,
    "export": exports.made,
    "site_move": site_moves.done,
    "currency_rate": site_pages.rate_due,
    "quote_expires": quote_documents.expired,
}
