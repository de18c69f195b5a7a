"""Planted defects: wrong cores and lying systems, each of which the judges must catch."""

WRONG_CORES = (
    "acknowledges_before_storing", "adds_a_correction", "amends_twice", "appends_lines_on_retry",
    "blocks_all_for_one_misfit", "buries_what_an_outage_stops", "counts_a_duplicate_twice", "counts_in_floats",
    "counts_whole_units", "credits_at_todays_rate", "cursor_before_work", "customer_per_deal", "dates_in_utc",
    "declares_reverse_charge_as_export", "defaults_an_unmapped_product", "drops_a_late_event", "drops_the_child",
    "drops_the_due_date", "drops_the_tax", "echoes_its_own_amendment", "forgets_the_vat_id", "forgets_what_it_sent",
    "gives_up_and_marks_done", "goes_blind_for_a_lost_field", "hammers_what_is_away", "hides_a_cent",
    "invents_what_the_ledger_demands", "key_from_a_counter", "last_arrival_wins", "leaves_a_credit_unapplied",
    "loses_a_batch_file", "merges_equal_payments", "never_looks_for_what_was_away", "posts_a_credit_as_an_invoice",
    "posts_a_pending_bill", "posts_own_record_back", "prorates_a_renewal", "reads_a_lost_field_as_empty",
    "reconciles_its_own_tables", "replays_anew", "resends_without_looking", "rewrites_on_replay",
    "starts_on_the_sites_day", "stops_all_flows_in_an_outage", "swallows_findings",
    "takes_a_billing_year_for_a_renewal", "takes_own_posting_for_new", "takes_unknown_for_done",
    "taxes_by_the_billing_country", "tries_again_next_week", "two_commits", "wipes_the_scheduled_renewal",
    "writes_the_copy_once", "wrong_exponent",
)  # fmt: skip
LYING_SYSTEMS = (
    "ledger_books_one_side", "ledger_loses_a_posting", "ledger_posts_twice", "ledger_stores_a_wrong_sum",
    "metering_hides_an_event", "platform_forgets_an_event", "platform_reuses_a_number", "salesforce_reads_stale",
)  # fmt: skip
NAMES = (*WRONG_CORES, *LYING_SYSTEMS)
