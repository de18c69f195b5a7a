"""Small stories of recovery in which planted defects show: reopened, edited, told wrongly, or only looked at."""

from harness.scenario import Scenario
from tests.broken.stories import CLOSED, HUDSON, LAKESIDE, LINES, MERLION, story, usage, used


def reopened_paid() -> Scenario:
    """A Chicago customer's deal is billed and paid, and then set back; what was paid is to be its credit."""
    return story(
        "reopened-paid", "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}",
        "close: lake-1", "settle", "transfer: lake-1", "settle", "advance: 1h",
        "set_policy: {name: compensation, value: {paid: credit}}", "reopen: lake-1", "settle", "advance: 1d",
    )  # fmt: skip


def edited_amendment() -> Scenario:
    """Three seats more are carried out, and then the deal says five."""
    return _amended("edited", "edit_deal: {deal: lake-more, lines: {PLAT-ANNUAL: 5}}", "Synced")


def reopened_amendment() -> Scenario:
    """Three seats more are carried out, and the deal is set back two days later."""
    return _amended("reopened", "reopen: lake-more", "Taken back")


def _amended(name: str, thought: str, sync: str) -> Scenario:
    """An amendment is carried out, and people think again of it; `sync`: what sales sees of it then."""
    return story(
        f"{name}-amendment", "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}",
        "close: lake-1", "settle",
        "deal: {id: lake-more, type: amendment, of: lake-1, customer: lake, lines: [{sku: PLAT-ANNUAL, quantity: 3}]}",
        "close: lake-more", "advance: 2d", thought, "settle",
        expect=f"expect: {{exceptions: [], dead_letters: 0, sync: {{lake-more: {sync}}}}}",
    )  # fmt: skip


def reopened_renewal() -> Scenario:
    """A renewal over more seats is decided, set back, edited, and won again before its term begins."""
    return story(
        "reopened-renewal", "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}",
        "close: lake-1", "settle",
        "deal: {id: lake-2, type: renewal, of: lake-1, customer: lake, lines: [{sku: PLAT-ANNUAL, quantity: 14}]}",
        "close: lake-2", "settle", "reopen: lake-2", "settle", "edit_deal: {deal: lake-2, lines: {PLAT-ANNUAL: 12}}",
        "close: lake-2", "settle", "advance: 1d",
    )  # fmt: skip


def changed_meanwhile() -> Scenario:
    """A customer goes from ten seats to twelve while the platform holds the core's write of five more."""
    return story(
        "changed-meanwhile", "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}",
        "close: lake-1", "settle", "advance: 1d",
        "deal: {id: lake-more, type: amendment, of: lake-1, customer: lake, lines: [{sku: PLAT-ANNUAL, quantity: 5}]}",
        "disturb: {id: slow, system: subscriptions, kind: slow_applied, delay: 5s,"
        " operation: subscription.update_for_items}",
        "close: lake-more", "platform_change: {deal: lake-1, seats: 12, during: slow}", "settle", "advance: 1d",
    )  # fmt: skip


def raised_late() -> Scenario:
    """Usage is corrected upwards after its bill was closed, and what is lacking is to be billed with the next term."""
    return usage(
        used("12000", id="e1"), CLOSED, used("12500", id="e2", corrects="e1"), "settle", "advance: 1h",
        head="mappings: {policies: {usage: {raised: next_period}}}",
    )  # fmt: skip


def closed_month() -> Scenario:
    """A month is closed behind one bill; the next one of it waits for finance."""
    return story(
        "closed-month-stays", "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}",
        f"deal: {{id: lake-2, customer: lake, lines: {LINES}}}", "close: lake-1", "settle", "close_period: 2026-01",
        "advance: 1h", "close: lake-2", "settle", expect="expect: {exceptions: [closed_period], dead_letters: 0}",
    )  # fmt: skip


def reopened_month() -> Scenario:
    """A month is closed before a bill of it is posted; finance reopens it and lets the posting be done again."""
    return story(
        "closed-month", "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}",
        "close_period: 2026-01", "close: lake-1", "settle", "close_period: {period: 2026-01, reopen: true}",
        "retry: {kind: closed_period, step: post}", "settle",
        expect="expect: {exceptions: [], dead_letters: 0, deals: {lake-1: posted}}",
    )  # fmt: skip


def silent() -> Scenario:
    """Sales does not want to see sync states."""
    return story(
        "silent", "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}",
        "map_fields: {system: salesforce, object: Opportunity, unwritten: [Sync_Status__c, Sync_Error__c]}",
        "close: lake-1", "settle", expect='expect: {exceptions: [], sync: {lake-1: ""}}',
    )  # fmt: skip


def dry_run() -> Scenario:
    """An operator looks at what a replay would do to a deal that is billed, posted and paid."""
    return story(
        "dry-run", "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}",
        "close: lake-1", "settle", "transfer: lake-1", "settle", "advance: 1h",
        "replay: {since: 2026-01-01T00:00:00Z, dry: true}",
    )  # fmt: skip


def new_word() -> Scenario:
    """The platform has a new word for an open bill, and somebody says what it means."""
    return story(
        "new-word", "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}",
        "rename_word: {word: posted, to: awaiting_money}", "close: lake-1", "settle", "advance: 1h",
        "map_fields: {system: subscriptions, object: invoice, words: {status: {awaiting_money: posted}}}", "settle",
        expect="expect: {exceptions: [], dead_letters: 0, deals: {lake-1: posted}}",
    )  # fmt: skip


def hostile_row() -> Scenario:
    """For an hour one of two deals is told without its id; a person puts it right after that."""
    return story(
        "hostile-row", "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}",
        "deal: {id: lake-2, customer: lake, lines: [{sku: ONBOARD}]}",
        "disturb: {id: odd, system: salesforce, kind: altered_body, operation: query, lasts: 1h,"
        """ find: '"Name":"Lakeside Logistics lake-1"', put: '"Name":"lake-1","Id":null'}""",
        "close: lake-1", "settle", "close: lake-2", "settle",
        "expect: {exceptions: [misshapen_event], deals: {lake-1: won, lake-2: posted}}", "advance: 2h",
        "edit: {kind: misshapen_event, deal: lake-1, changes: {row: {id: '{opportunity}'}}}", "settle",
    )  # fmt: skip


def thrifty() -> Scenario:
    """A Chicago customer's deal becomes a paid invoice, with so many calls at most."""
    return story(
        "thrifty", "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}", "close: lake-1",
        "settle", "transfer: lake-1", "settle", "advance: 1h",
        expect="expect: {exceptions: [], dead_letters: 0, calls_at_most: 38}",
    )  # fmt: skip


def merged_debts() -> Scenario:
    """Two accounts of one company are merged when both owe; a month later neither has paid."""
    west = LAKESIDE.replace("id: lake", "id: west").replace("Lakeside", "Westside")
    return story(
        "merged-debts", "set_policy: {name: collections, value: {hold_after_days: 90, notice_after_days: 3}}",
        "customer: " + LAKESIDE, "customer: " + west, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}",
        f"deal: {{id: west-1, customer: west, lines: {LINES}}}", "close: [lake-1, west-1]", "settle",
        "merge_accounts: {into: lake, gone: west}", "settle", "advance: 40d", "kill_core", "start_core", "advance: 1d",
        expect="expect: {exceptions: [], debts: {lake-1: {status: On notice, overdue: 250000}}}",
    )  # fmt: skip


def late_stamp() -> Scenario:
    """A second deal is won two minutes after the first, in so long a transaction that its stamp is older than that."""
    storm = "{id: late, system: salesforce, kind: late_stamp, operation: 'update:Opportunity', delay: 4m}"
    return story(
        "late-stamp", "customer: " + LAKESIDE, "deal: {id: lake-1, customer: lake, lines: [{sku: ONBOARD}]}",
        "deal: {id: lake-2, customer: lake, lines: [{sku: ONBOARD, quantity: 2}]}", "settle", "advance: 1h",
        "close: lake-1", "advance: 2m", f"disturb: {storm}", "close: lake-2", "settle", "advance: 1h",
        expect="expect: {exceptions: [], dead_letters: 0, deals: {lake-1: posted, lake-2: posted}}",
    )  # fmt: skip


def reopened_project() -> Scenario:
    """A first milestone of a project is billed; then the deal is set back to an open stage."""
    return story(
        "reopened-project", "map_item: {sku: ONBOARD, value: {kind: charge, milestones: true, erp_item: SVC-ONBOARD}}",
        "customer: " + LAKESIDE, "deal: {id: lake-1, customer: lake, lines: [{sku: ONBOARD, quantity: 2}]}",
        "milestone: {id: one, deal: lake-1, amount: 6000, status: accepted}",
        "milestone: {id: two, deal: lake-1, amount: 4000}", "close: lake-1", "settle", "reopen: lake-1", "settle",
    )  # fmt: skip


def voided_in_a_dual_run() -> Scenario:
    """Singapore's bills are posted in both ledgers before its move; one of two is voided meanwhile."""
    return story(
        "dual-run-voided", f"customer: {MERLION}", f"deal: {{id: merlion-1, customer: merlion, lines: {LINES}}}",
        "deal: {id: merlion-2, customer: merlion, lines: [{sku: ONBOARD}]}",
        'cutover: {entity: SG, ledger: cloud, on: 2026-02-02, dual_from: 2026-01-05, shadow: "4"}',
        "close: [merlion-1, merlion-2]", "settle", "advance: 1d", "void: {deal: merlion-2, what: bill}",
        "reopen: merlion-2", "transfer: merlion-1", "settle", "advance: 2d", head="genesis: 2026-01-05T01:00:00Z",
    )  # fmt: skip


def items_moved() -> Scenario:
    """Singapore moves with what is open: one bill, paid in the new ledger afterwards."""
    return story(
        "items-moved", 'set_policy: {name: migration, value: {erp_item: MIGRATION, legacy: "0000199000"}}',
        f"customer: {MERLION}", f"deal: {{id: merlion-1, customer: merlion, lines: {LINES}}}", "close: merlion-1",
        "settle", "cutover: {entity: SG, ledger: cloud, on: 2026-01-07, open_items: transfer}", "advance: 3d",
        "settle", "transfer: merlion-1", "settle", "advance: 1d", head="genesis: 2026-01-05T01:00:00Z",
    )  # fmt: skip


def credit_moved() -> Scenario:
    """Singapore moves with what is open: a credit note of a paid bill, which pays for the next one."""
    return story(
        "credit-moved", 'set_policy: {name: migration, value: {erp_item: MIGRATION, legacy: "0000199000"}}',
        f"customer: {MERLION}", f"deal: {{id: merlion-1, customer: merlion, lines: {LINES}}}",
        "deal: {id: merlion-2, customer: merlion, lines: [{sku: ONBOARD}]}", "close: merlion-1", "settle",
        "advance: 1d", "transfer: merlion-1", "settle", "advance: 1d", "credit: {deal: merlion-1, amount: 500}",
        "settle", "advance: 1d", "cutover: {entity: SG, ledger: cloud, on: 2026-01-09, open_items: transfer}",
        "advance: 3d", "settle", "close: merlion-2", "settle", head="genesis: 2026-01-05T01:00:00Z",
    )  # fmt: skip


def cash_moved() -> Scenario:
    """Singapore moves with what is open: what a customer has paid too much, which its next bill uses."""
    return story(
        "cash-moved", 'set_policy: {name: migration, value: {erp_item: MIGRATION, legacy: "0000199000"}}',
        f"customer: {MERLION}", f"deal: {{id: merlion-1, customer: merlion, lines: {LINES}}}",
        "deal: {id: merlion-2, customer: merlion, lines: [{sku: ONBOARD}]}", "close: merlion-1", "settle",
        "advance: 1d", "transfer: {deal: merlion-1, amount: 200000}", "settle", "advance: 2d",
        "cutover: {entity: SG, ledger: cloud, on: 2026-01-09, open_items: transfer}", "advance: 3d", "settle",
        "close: merlion-2", "settle", head="genesis: 2026-01-05T01:00:00Z",
    )  # fmt: skip


def discounted() -> Scenario:
    """A Singapore customer takes two percent off for paying early, and policy grants it."""
    return story(
        "discounted", 'set_policy: {name: short_payments, value: {discount: grant, legacy: "0000470000"}}',
        f"customer: {MERLION}", "deal: {id: merlion-1, customer: merlion, lines: [{sku: ONBOARD}]}",
        f"deal: {{id: merlion-2, customer: merlion, lines: {LINES}}}", "close: [merlion-1, merlion-2]", "settle",
        "advance: 1d", "transfer: {deal: merlion-1, discount: 109.00}", "settle", "advance: 2d",
        head="genesis: 2026-01-05T01:00:00Z",
    )  # fmt: skip


def discount_returned() -> Scenario:
    """A Singapore customer pays with a discount, which policy grants, and the bank returns the money."""
    return story(
        "discount-returned",
        'set_policy: {name: short_payments, value: {discount: grant, legacy: "0000470000"}}',
        f"customer: {MERLION}", f"deal: {{id: merlion-1, customer: merlion, lines: {LINES}}}", "close: merlion-1",
        "settle", "advance: 1d", "transfer: {deal: merlion-1, discount: 109.00}", "settle", "advance: 2d",
        "bank_return: merlion-1", "settle", "advance: 3d", "settle", head="genesis: 2026-01-05T01:00:00Z",
    )  # fmt: skip


def fee_without_tax() -> Scenario:
    """A bank keeps ten dollars of a New York customer's money, and policy keeps the tax."""
    return story(
        "fee-without-tax", "erp_item: {external_id: FEE, name: Bank charges, income_account: '8', subsidiaries: ['1']}",
        "set_policy: {name: short_payments, value: {tolerance: {USD: '25'}, erp_item: FEE, tax: keep}}",
        "customer: {id: hudson, name: Hudson, entity: US, country: US, state: NY, city: New York, pays_by: transfer}",
        f"deal: {{id: hudson-1, customer: hudson, lines: {LINES}}}", "close: hudson-1", "settle",
        "transfer: {deal: hudson-1, amount: 136083.75}", "settle", "advance: 1d",
        expect="expect: {exceptions: [], dead_letters: 0, accounts: {erp_cloud/6800/USD: 10.00}}",
    )  # fmt: skip


def known_in_legacy() -> Scenario:
    """The legacy ERP has had a Singapore customer for long, and a clerk has listed all of them."""
    return story(
        "known-in-legacy", "set_policy: {name: known_customers, value: {legacy: match}}",
        "erp_customer: {name: MERLION FREIGHT, entity: SG}", f"customer: {MERLION}",
        f"deal: {{id: merlion-1, customer: merlion, lines: {LINES}}}", "close: merlion-1", "settle", "advance: 2d",
        "transfer: merlion-1", "settle", "advance: 2d", head="genesis: 2026-01-05T01:00:00Z",
    )  # fmt: skip


def credited_before_paid() -> Scenario:
    """A Singapore customer pays by card and gets two more seats, with a credit, before the ledger's next window."""
    return story(
        "credited-before-paid", f"customer: {MERLION}",
        f"deal: {{id: merlion-1, customer: merlion, lines: {LINES}}}", "close: merlion-1", "settle", "advance: 2d",
        "pay_by_card: merlion-1",
        "deal: {id: merlion-2, type: amendment, of: merlion-1, customer: merlion, "
        "lines: [{sku: PLAT-ANNUAL, quantity: 2}]}",
        "close: merlion-2", "settle", "advance: 3d", head="genesis: 2026-01-05T01:00:00Z",
    )  # fmt: skip


WHOLE = "expect: {exceptions: [], dead_letters: 0, tie_out: holds, reconciliation: {breaks: []}}"
_ORCHARD = "{id: orchard, name: Orchard Retail, entity: SG, country: SG, city: Singapore, tax_id: 201954321K}"
_METERED = "[{sku: PLAT-ANNUAL, quantity: 10}, {sku: API-CALLS}]"
_THREE = (
    "set_policy: {name: usage, value: {corrected: credit, raised: next_period}}", f"customer: {MERLION}",
    f"customer: {LAKESIDE}", f"customer: {HUDSON}", f"deal: {{id: merlion-1, customer: merlion, lines: {LINES}}}",
    f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}",
    f"deal: {{id: hudson-1, customer: hudson, lines: {_METERED}}}", "close: [merlion-1, lake-1, hudson-1]", "settle",
    "transfer: {deal: lake-1, amount: 30000}", "advance: 2d",
)  # fmt: skip
OLD_LEDGER = (
    *_THREE, "back_up_core", f"customer: {_ORCHARD}",
    "deal: {id: orchard-1, customer: orchard, lines: [{sku: PLAT-ANNUAL, quantity: 4}, {sku: ONBOARD}]}",
    "close: orchard-1", "pay_by_card: merlion-1", "bank_return: lake-1", "settle", "advance: 12h", "advance: 12h",
    "transfer: {deal: orchard-1, amount: 20000}", "legacy_sequence: {interface: BILL, by: 1}",
    "credit: {deal: orchard-1, amount: 500}", "settle", "advance: 1d", "transfer: lake-1", "pay_by_card: hudson-1",
    "deal: {id: orchard-2, customer: orchard, lines: [{sku: ONBOARD, quantity: 2}]}", "close: orchard-2", "settle",
    "advance: 1d", "refund: {deal: hudson-1, amount: 100}", "chargeback: merlion-1", "settle", "advance: 3d",
)  # fmt: skip
GIVEN_BACK = (
    *_THREE, "back_up_core", used("12000", id="e1"), "transfer: {deal: merlion-1, amount: 50000}", "transfer: lake-1",
    "settle", "advance: 1d", "bank_return: merlion-1", "bank_return: lake-1", "settle", "advance: 1d",
    "transfer: merlion-1", "transfer: lake-1", "settle", "advance: 1d", "refund: {deal: lake-1, by: transfer}",
    "settle", "advance: {until: 2026-02-09T06:00:00Z}", used("11000", id="e2", corrects="e1"), "settle",
    used("11500", id="e3", corrects="e2"), "settle", "advance: 1d", "settle", "advance: {until: 2026-03-09T06:00:00Z}",
)  # fmt: skip
"""Three customers in two ledgers; `back_up_core` marks where the core's store is copied, and what comes after it the
copy does not know.
"""


def put_back_on(steps: tuple[str, ...], after: int) -> Scenario:
    """The core comes back on its copy when so many of the steps behind it are done."""
    done = steps.index("back_up_core") + 1 + after
    back = ("kill_core", "start_core: {from_backup: true}", "settle")
    told = (*steps[:done], *back, *steps[done:], "settle")
    return story("put-back-on", *told, head="genesis: 2026-01-05T01:00:00Z", expect=WHOLE)


def put_back() -> Scenario:
    """A bill is paid in part after the core's store was copied; then the core comes back on that copy."""
    return story(
        "put-back", "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}", "close: lake-1",
        "settle", "back_up_core", "transfer: {deal: lake-1, amount: 50000}", "settle", "advance: 1d", "kill_core",
        "start_core: {from_backup: true}", "settle", "advance: 1d",
    )  # fmt: skip


def ledger_set_back(*told: str) -> Scenario:
    """The cloud ERP comes back without a customer whose number it gives to the next one; then come the steps told."""
    orchid = LAKESIDE.replace("id: lake", "id: orchid").replace("Lakeside Logistics", "Orchid Labs")
    return story(
        "ledger-set-back", "customer: " + HUDSON, "deal: {id: hudson-1, customer: hudson, lines: [{sku: ONBOARD}]}",
        "close: hudson-1", "settle", "back_up: erp_cloud", "customer: " + LAKESIDE,
        f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}", "close: lake-1", "pay_by_card: hudson-1", "settle",
        "set_back: erp_cloud", "customer: " + orchid, "deal: {id: orchid-1, customer: orchid, lines: [{sku: ONBOARD}]}",
        "close: orchid-1", "settle", "deal: {id: lake-2, customer: lake, lines: [{sku: ONBOARD}]}", "close: lake-2",
        "settle", "make_whole: erp_cloud", "settle", *told, "advance: 1d", expect=WHOLE,
    )  # fmt: skip


def org_set_back(*told: str) -> Scenario:
    """The Salesforce org comes back without what it had been shown of a payment; a deal is won, and a day passes."""
    return story(
        "org-set-back", "customer: " + HUDSON, f"deal: {{id: hudson-1, customer: hudson, lines: {LINES}}}",
        "close: hudson-1", "settle", "back_up: salesforce", "pay_by_card: hudson-1", "settle",
        *(f"fix_account: {{customer: hudson, street: {number} Broadway}}" for number in range(1, 9)), "settle",
        "set_back: salesforce",
        "deal: {id: hudson-2, customer: hudson, lines: [{sku: ONBOARD}]}", "close: hudson-2", "advance: 1d",
        "make_whole: salesforce", "settle", *told, expect=WHOLE,
    )  # fmt: skip


def written_late() -> Scenario:
    """Money is given back; the write of what its receipt is worth is applied a minute later, over the next one."""
    return story(
        "written-late", "customer: " + LAKESIDE, "deal: {id: lake-1, customer: lake, lines: [{sku: ONBOARD}]}",
        "close: lake-1", "advance: 5d", "transfer: lake-1", "advance: 5d", "bank_return: lake-1",
        "disturb: {id: slow, system: salesforce, kind: slow_applied, operation: composite, nth: 2, delay: 60s}",
        "settle", "advance: 1d",
    )  # fmt: skip


def lost() -> Scenario:
    """The core's machine is lost while the ledger's answer to its invoice is on its way, and another one takes over."""
    return _upset("lost", "restart_after: 5s, elsewhere: true")


def paid() -> Scenario:
    """A Chicago customer's deal becomes an invoice that is paid an hour later."""
    return story(
        "paid", "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}", "close: lake-1",
        "settle", "advance: 1h", "transfer: lake-1", "settle", "advance: 4h",
    )  # fmt: skip


def deployed(release: str = "new") -> Scenario:
    """The core dies while the ledger's answer to its invoice is on its way, and the next release starts."""
    return _upset("deployed", f"restart_after: 5s, release: '{release}'")


def _upset(name: str, how: str) -> Scenario:
    return story(
        name, "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}",
        f"disturb: {{id: {name}, system: erp_cloud, kind: hold_answer, operation: 'record.create:invoice', delay: 20s, "
        f"kills_core: {{{how}}}}}",
        "close: lake-1", "settle", "advance: 1h",
    )  # fmt: skip
