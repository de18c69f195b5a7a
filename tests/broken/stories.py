"""The small stories in which planted defects show: one customer, one or two deals, and a storm of the defect's own."""

from harness.scenario import Scenario, read_story

HUDSON = "{id: hudson, name: Hudson Analytics, entity: US, country: US, state: NY, city: New York, pays_by: card}"
LAKESIDE = "{id: lake, name: Lakeside Logistics, entity: US, country: US, state: IL, city: Chicago, pays_by: transfer}"
MERLION = "{id: merlion, name: Merlion Freight, entity: SG, country: SG, city: Singapore, tax_id: 201912345K}"
LINES = "[{sku: PLAT-ANNUAL, quantity: 10}, {sku: ONBOARD}]"
_CALM = "expect: {exceptions: [], dead_letters: 0}"


def story(name: str, *steps: str, storm: tuple[str, ...] = (), head: str = "", expect: str = _CALM) -> Scenario:
    """A story from lines of YAML: steps, disturbances, further members of the head, and what must be at its end."""
    disturbances = "".join(f"\n  - {one}" for one in storm) or " []"
    text = f"story: {name}\ntitle: {name}\n{head}\ndisturbances:{disturbances}\n{expect}\nsteps:\n"
    return read_story(text + "".join(f"  - {step}\n" for step in steps))


def transfer(
    *storm: str, amounts: tuple[str, ...] = ("",), after: str = "1h", expect: str = _CALM, lines: str = LINES
) -> Scenario:
    """A Chicago customer transfers money to the cloud ERP's bank: all that is open, or the given amounts."""
    paid: list[str] = []
    for amount in amounts:
        given = f", amount: {amount}" if amount else ""
        paid += [f"transfer: {{deal: lake-1{given}}}", "settle", f"advance: {after}"]
    return story(
        "transfer", "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {lines}}}",
        "close: lake-1", "settle", *paid, storm=storm, expect=expect,
    )  # fmt: skip


def reopened() -> Scenario:
    """A Chicago customer's deal is billed, and then set back to an open stage."""
    return story(
        "reopened", "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}",
        "close: lake-1", "settle", "reopen: lake-1", "settle", "advance: 1d",
    )  # fmt: skip


def recognised() -> Scenario:
    """A Chicago customer's deal is billed in advance, and two months of it are recognised."""
    return story(
        "recognised", "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}",
        "close: lake-1", "settle", "recognize_revenue: 2026-01", "recognize_revenue: 2026-02", "settle",
    )  # fmt: skip


def given_back(*steps: str, expect: str = _CALM) -> Scenario:
    """A New York customer has paid by card, a Chicago one by transfer; then come the steps given and a day."""
    return story(
        "given-back", "customer: " + HUDSON, "customer: " + LAKESIDE,
        f"deal: {{id: hudson-1, customer: hudson, lines: {LINES}}}",
        f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}", "close: [hudson-1, lake-1]", "settle",
        "pay_by_card: hudson-1", "transfer: lake-1", "settle", *steps, "settle", "advance: 1d", expect=expect,
    )  # fmt: skip


def promised() -> Scenario:
    """A Chicago customer does not pay, and promises to before it would go on hold."""
    return story(
        "promised", "set_policy: {name: collections, value: {hold_after_days: 5, notice_after_days: 1}}",
        "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}", "close: lake-1", "settle",
        "note_debt: {customer: lake, promised: 2026-12-31}", "advance: 40d",
        expect="expect: {exceptions: [], debts: {lake-1: {status: On notice}}}",
    )  # fmt: skip


def two_deals(*storm: str, pays: str = "lake-2") -> Scenario:
    """A Chicago customer's two deals are won one after the other, and one is paid by transfer."""
    return story(
        "two-deals", "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}",
        f"deal: {{id: lake-2, customer: lake, lines: {LINES}}}", "close: lake-1", "settle", "close: lake-2",
        "settle", f"transfer: {pays}", "settle", storm=storm,
    )  # fmt: skip


def won_while(*storm: str) -> Scenario:
    """A New York customer's first deal is long since won when the second is, in the storm given."""
    steps = [f"disturb: {one}" for one in storm]
    return story(
        "won-while", "customer: " + HUDSON, "deal: {id: hudson-1, customer: hudson, lines: [{sku: ONBOARD}]}",
        "deal: {id: hudson-2, customer: hudson, lines: [{sku: ONBOARD, quantity: 2}]}", "close: hudson-1", "settle",
        "advance: 1h", *steps, "close: hudson-2", "settle", "advance: 1h",
    )  # fmt: skip


def won_together() -> Scenario:
    """Two like deals of a customer are won in one transaction, so that both changes are told as one."""
    return story(
        "won-together", "customer: " + HUDSON, "deal: {id: hudson-1, customer: hudson, lines: [{sku: ONBOARD}]}",
        "deal: {id: hudson-2, customer: hudson, lines: [{sku: ONBOARD}]}", "settle", "close: [hudson-1, hudson-2]",
        "settle", "advance: 1h",
    )  # fmt: skip


def card(*storm: str, head: str = "", between: str = "settle", lines: str = LINES, expect: str = _CALM) -> Scenario:
    """A New York customer, taxed at 8.875 %, pays the bill by card in the platform."""
    return story(
        "card", "customer: " + HUDSON, f"deal: {{id: hudson-1, customer: hudson, lines: {lines}}}",
        "close: hudson-1", between, "pay_by_card: hudson-1", "settle", storm=storm, head=head, expect=expect,
    )  # fmt: skip


def germany(*storm: str, tax_id: str = "FR83404833048", head: str = "") -> Scenario:
    """The German entity sells to Lyon by reverse charge, and to a Munich business that is shipped to Zurich."""
    lyon = f"{{id: rhone, name: Rhone Logistique, entity: DE, country: FR, city: Lyon, tax_id: {tax_id}}}"
    isar = "{id: isar, name: Isar, entity: DE, country: DE, city: Munich, ship_to: {country: CH, city: Zurich}}"
    return story(
        "germany", f"customer: {lyon}", f"customer: {isar}",
        f"deal: {{id: rhone-1, customer: rhone, lines: {LINES}}}",
        f"deal: {{id: isar-1, customer: isar, lines: {LINES}}}", "close: [rhone-1, isar-1]", "settle",
        "transfer: rhone-1", "settle", storm=storm, head=head,
    )  # fmt: skip


def outage(lasts: str = "3d") -> Scenario:
    """The cloud ERP is away while a New York and a Singapore deal are won."""
    return story(
        "outage", "customer: " + HUDSON, "customer: " + MERLION,
        f"deal: {{id: hudson-0, customer: hudson, lines: {LINES}}}", "close: hudson-0", "settle",
        "pay_by_card: hudson-0", "settle", f"take_down: {{system: erp_cloud, lasts: {lasts}}}",
        f"deal: {{id: hudson-1, customer: hudson, lines: {LINES}}}",
        f"deal: {{id: merlion-1, customer: merlion, lines: {LINES}}}",
        "close: [hudson-1, merlion-1]", "settle", f"advance: {lasts}", "settle", "advance: 2d",
    )  # fmt: skip


def renamed_field() -> Scenario:
    """Salesforce renames the payment method; a deal is won, and the core is told a day later what the name is now."""
    names = "{Payment_Method__c: Collection_Method__c}"
    return story(
        "renamed-field", "customer: " + HUDSON, "customer: " + LAKESIDE,
        f"deal: {{id: hudson-1, customer: hudson, lines: {LINES}}}",
        f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}", "close: hudson-1", "settle",
        "rename_field: {object: Opportunity, field: Payment_Method__c, to: Collection_Method__c}",
        "close: lake-1", "pay_by_card: hudson-1", "settle", "advance: 1d",
        f"map_fields: {{system: salesforce, object: Opportunity, names: {names}}}", "settle",
        expect="expect: {dead_letters: 0}",
    )  # fmt: skip


def demanded_field() -> Scenario:
    """The cloud ERP demands a sales channel of each invoice; deals of two ledgers are won, a day later it is given."""
    return story(
        "demanded-field", "customer: " + HUDSON, "customer: " + MERLION,
        f"deal: {{id: hudson-1, customer: hudson, lines: {LINES}}}",
        f"deal: {{id: merlion-1, customer: merlion, lines: {LINES}}}",
        "require_field: {record: invoice, field: custbody_sales_channel}", "close: [hudson-1, merlion-1]", "settle",
        "advance: 2d",
        "map_fields: {system: erp_cloud, object: invoice, defaults: {custbody_sales_channel: direct}}", "settle",
        "pay_by_card: hudson-1", "settle", "advance: 2d", expect="expect: {dead_letters: 0}",
    )  # fmt: skip


def singapore(*storm: str, pays: str = "transfer: merlion-1", expect: str = _CALM) -> Scenario:
    """A Singapore customer, billed with 9 % GST and posted in a nightly window."""
    return story(
        "singapore", "customer: " + MERLION, f"deal: {{id: merlion-1, customer: merlion, lines: {LINES}}}",
        "close: merlion-1", "settle", "advance: 2d", pays, "settle", "advance: 2d", storm=storm, expect=expect,
    )  # fmt: skip


def drifted() -> Scenario:
    """A clerk changes a posted invoice by a cent, and the core is asked to reconcile."""
    wanted = "reconciliation: {breaks: [{code: edited, system: erp_cloud, about: lake-1, amount: -0.01}]}"
    broken = """broken:
    I4: ["erp_cloud {lake-1}: net is 12500001, the bill says 12500000",
         "erp_cloud {lake-1}: gross is 12500001, the bill says 12500000"]
    I5: ["US USD billed = posted: unexplained -0.01 ({lake-1} differs in ledger, posted gross)",
         "US USD open bills = receivables: unexplained -0.01 ({lake-1} differs in ledger, open)"]"""
    return story(
        "drifted", "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}", "close: lake-1",
        "settle", "advance: 1h",
        "edit_book: {id: cent, system: erp_cloud, act: change_invoice, deal: lake-1, amount: 0.01}", "settle",
        expect=f"expect:\n  exceptions: []\n  {wanted}\n  {broken}",
    )  # fmt: skip


def healed() -> Scenario:
    """Somebody deletes a bill's copy in sales, and the daily reconciliation heals it."""
    return story(
        "healed", "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}", "close: lake-1",
        "settle", "advance: 1h",
        "edit_book: {id: gone, system: salesforce, act: delete_invoice, deal: lake-1}", "settle",
        'set_policy: {name: reconciliation, value: {at: "05:00", heal: true}}', "advance: 1d",
        expect="expect:\n  exceptions: []\n  tie_out: holds\n  reconciliation: {breaks: []}",
    )  # fmt: skip


def usage(*used: str, storm: tuple[str, ...] = (), expect: str = _CALM, head: str = "") -> Scenario:
    """A New York customer buys the metered add-on; then come the steps given: what is used, told, corrected and late.

    The first term ends on 5 February at 00:00 UTC, its bill closes two days later.
    """
    lines = "[{sku: PLAT-ANNUAL, quantity: 2}, {sku: API-CALLS}]"
    return story(
        "usage", "customer: " + HUDSON, f"deal: {{id: hudson-1, customer: hudson, lines: {lines}}}",
        "close: hudson-1", "settle", *used, storm=storm, expect=expect, head=head,
    )  # fmt: skip


def used(quantity: str, **more: str) -> str:
    """One event as a step: `id`, `at`, `corrects`, `times`, …"""
    facts = {"deal": "hudson-1", "meter": "api-calls", "quantity": f'"{quantity}"', **more}
    return f"consume: {{{', '.join(f'{name}: {value}' for name, value in facts.items())}}}"


PENDING, CLOSED = "advance: {until: 2026-02-05T06:00:00Z}", "advance: {until: 2026-02-07T06:00:00Z}"


def corrected_late(*storm: str) -> Scenario:
    """Usage that reaches the second tier is corrected after its bill was closed, and is to be credited."""
    return usage(
        used("12000", id="e1"), CLOSED, used("11000", id="e2", corrects="e1"), "settle", "advance: 1h", storm=storm,
        head="mappings: {policies: {usage: {corrected: credit}}}",
    )  # fmt: skip


def seats_down(*storm: str, moves: bool = False) -> Scenario:
    """A New York customer has paid, perhaps moves to Chicago, and takes two seats away in the platform."""
    moved = ("fix_account: {customer: hudson, state: IL, city: Chicago}", "settle") if moves else ()
    return story(
        "seats-down", "customer: " + HUDSON,
        "deal: {id: hudson-1, customer: hudson, start: 2025-11-01, lines: [{sku: PLAT-ANNUAL, quantity: 10}]}",
        "close: hudson-1", "settle", *moved, "platform_change: {deal: hudson-1, seats: 8}", "settle", storm=storm,
    )  # fmt: skip


def seats_up(*storm: str, renewed: bool = False) -> Scenario:
    """A New York customer, whose renewal may have been decided before, gets five seats more by an amendment."""
    renewal = (
        "deal: {id: renewal, type: renewal, of: hudson-1, customer: hudson, lines: [{sku: PLAT-ANNUAL, quantity: 12}]}",
        "close: renewal", "settle",
    ) if renewed else ()  # fmt: skip
    return story(
        "seats-up", "customer: " + HUDSON,
        "deal: {id: hudson-1, customer: hudson, start: 2025-11-01, lines: [{sku: PLAT-ANNUAL, quantity: 10}]}",
        "close: hudson-1", "settle", "pay_by_card: hudson-1", "settle", *renewal,
        "deal: {id: up, type: amendment, of: hudson-1, customer: hudson, lines: [{sku: PLAT-ANNUAL, quantity: 5}]}",
        "close: up", "settle", storm=storm,
    )  # fmt: skip


def amended_together() -> Scenario:
    """Each of three customers amends a contract nine times at once; the seed decides what of it goes on first."""
    names = [f"{whose}-{seats}" for seats in range(1, 10) for whose in ("hudson", "lake", "merlion")]
    won = [
        f"deal: {{id: {name}, type: amendment, of: {name[:-2]}-2026, customer: {name[:-2]}, "
        f"lines: [{{sku: PLAT-ANNUAL, quantity: {name[-1]}}}]}}" for name in names
    ]  # fmt: skip
    plan = "start: 2025-11-01, lines: [{sku: PLAT-ANNUAL, quantity: 10}]"
    return story(
        "amended-together", "customer: " + HUDSON, "customer: " + LAKESIDE, "customer: " + MERLION,
        *(f"deal: {{id: {whose}-2026, customer: {whose}, {plan}}}" for whose in ("hudson", "lake", "merlion")),
        "close: [hudson-2026, lake-2026, merlion-2026]", "settle", *won, f"close: [{', '.join(names)}]", "settle",
        "advance: 2d", head="interleaved: true",
    )  # fmt: skip


def term_end(renewed: bool = False, months: int = 12) -> Scenario:
    """A Chicago customer's contract began almost a year ago; its billing year ends, perhaps renewed by sales."""
    renewal = (
        "deal: {id: renewal, type: renewal, of: lake-1, customer: lake, lines: [{sku: PLAT-ANNUAL, quantity: 12}]}",
        "close: renewal", "settle",
    ) if renewed else ()  # fmt: skip
    term = f"start: 2025-01-06, term_months: {months}"
    return story(
        "term-end", "customer: " + LAKESIDE,
        f"deal: {{id: lake-1, customer: lake, {term}, lines: [{{sku: PLAT-ANNUAL, quantity: 10}}]}}",
        "close: lake-1", "settle", *renewal, "advance: 1d",
    )  # fmt: skip


def disputed() -> Scenario:
    """A contract is renewed by a deal that sales sets back once its term has begun; then the customer adds seats."""
    return story(
        "disputed", "customer: " + LAKESIDE,
        "deal: {id: lake-1, customer: lake, start: 2025-01-06, lines: [{sku: PLAT-ANNUAL, quantity: 10}]}",
        "close: lake-1", "settle", "transfer: lake-1", "settle",
        "deal: {id: renewal, type: renewal, of: lake-1, customer: lake, lines: [{sku: PLAT-ANNUAL, quantity: 10}]}",
        "close: renewal", "settle", "advance: 1d", "reopen: renewal", "settle",
        "platform_change: {deal: lake-1, seats: 14}", "settle", expect="expect: {exceptions: [deal_reopened]}",
    )  # fmt: skip


def together(*then: str) -> Scenario:
    """Two contracts of a Chicago customer are renewed by the platform on one day, onto one invoice."""
    begun = "customer: lake, start: 2025-01-06, lines: [{sku: PLAT-ANNUAL, quantity: 2}]"
    renewed = "{renewal: Renewed, changes: [renewal by the platform to 2]}"
    return story(
        "together", "customer: " + LAKESIDE, f"deal: {{id: lake-1, {begun}}}", f"deal: {{id: lake-2, {begun}}}",
        "close: [lake-1, lake-2]", "settle", "consolidate_invoices: true", "advance: 1d", *then,
        expect=f"expect: {{exceptions: [], tie_out: holds, contracts: {{lake-1: {renewed}, lake-2: {renewed}}}}}",
    )  # fmt: skip


def moved(*then: str) -> Scenario:
    """A paid contract of a Chicago customer is moved to another one in the platform, and its bill is credited then."""
    other = LAKESIDE.replace("lake", "prairie").replace("Lakeside Logistics", "Prairie Foods")
    return story(
        "moved", "customer: " + LAKESIDE, "customer: " + other,
        f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}", "deal: {id: own, customer: prairie, "
        "lines: [{sku: ONBOARD}]}", "close: [lake-1, own]", "settle", "pay_by_card: lake-1", "settle", "advance: 1d",
        "move_contract: {deal: lake-1, to: prairie}", "advance: 1h",
        "credit: {deal: lake-1, amount: 100, reason: waiver}", "settle", *then,
    )  # fmt: skip


def renewal_open(*then: str) -> Scenario:
    """A Chicago customer's contract ends in a day, and sales works on its renewal, with two seats more."""
    return story(
        "renewal-open", "customer: " + LAKESIDE,
        "deal: {id: lake-1, customer: lake, start: 2025-01-06, lines: [{sku: PLAT-ANNUAL, quantity: 10}]}",
        "close: lake-1", "settle",
        "deal: {id: renewal, type: renewal, of: lake-1, customer: lake, lines: [{sku: PLAT-ANNUAL, quantity: 12}]}",
        *then,
    )  # fmt: skip


def dearer_seats() -> Scenario:
    """A New York customer gets five seats more, at another price than the first ten."""
    return story(
        "dearer-seats", "customer: " + HUDSON,
        "deal: {id: hudson-1, customer: hudson, start: 2025-11-01, lines: [{sku: PLAT-ANNUAL, quantity: 10}]}",
        "close: hudson-1", "settle", "pay_by_card: hudson-1", "settle",
        "deal: {id: up, type: amendment, of: hudson-1, customer: hudson, "
        "lines: [{sku: PLAT-ANNUAL, quantity: 5, unit_price: 15000}, {sku: ONBOARD}]}",
        "close: up", "settle",
    )  # fmt: skip


def paid_in_part() -> Scenario:
    """Half of a bill is paid, and the rest is owed."""
    policy = "{tolerance: {USD: '25.00'}, erp_item: BAD-DEBT}"
    return story(
        "paid-in-part", f"set_policy: {{name: short_payments, value: {policy}}}", "customer: " + LAKESIDE,
        "deal: {id: lakeside-1, customer: lake, lines: [{sku: ONBOARD}]}", "close: lakeside-1", "settle",
        "transfer: {deal: lakeside-1, amount: 2000}", "settle", "expect: {deals: {lakeside-1: posted}}",
    )  # fmt: skip


def closed_month() -> Scenario:
    """A bill of January comes when January is closed, and is to be posted in February."""
    return story(
        "closed-month", "set_policy: {name: closed_period, value: {posts_in: next_open}}", "customer: " + LAKESIDE,
        "deal: {id: lakeside-1, customer: lake, lines: [{sku: ONBOARD}]}", "close_period: 2026-01", "close: lakeside-1",
        "settle", head="genesis: 2026-01-31T18:00:00Z",
    )  # fmt: skip


def known_before() -> Scenario:
    """The cloud ledger has had the customer for years."""
    return story(
        "known-before", "set_policy: {name: known_customers, value: {cloud: match}}",
        "erp_customer: {name: LAKESIDE LOGISTICS, entity: US}", "customer: " + LAKESIDE,
        "deal: {id: lakeside-1, customer: lake, lines: [{sku: ONBOARD}]}", "close: lakeside-1", "settle",
    )  # fmt: skip


def merged() -> Scenario:
    """An account with an open bill is merged into another one before the bill is paid."""
    return story(
        "merged", "customer: " + HUDSON, "customer: " + LAKESIDE,
        "deal: {id: lakeside-1, customer: lake, lines: [{sku: ONBOARD}]}", "close: lakeside-1", "settle",
        "merge_accounts: {into: hudson, gone: lake}", "settle", "transfer: lakeside-1", "settle",
    )  # fmt: skip


def co_term() -> Scenario:
    """Five seats more for the rest of a contract, quoted by months."""
    return story(
        "co-term", "set_policy: {name: amendment, value: {quoted: months, tolerance: 5}}", "customer: " + HUDSON,
        "deal: {id: hudson-1, customer: hudson, start: 2026-01-01, lines: [{sku: PLAT-ANNUAL, quantity: 10}]}",
        "close: hudson-1", "settle", "pay_by_card: hudson-1", "settle",
        "deal: {id: up, type: amendment, of: hudson-1, customer: hudson, term_months: 9, "
        "lines: [{sku: PLAT-ANNUAL, quantity: 5, unit_price: 9000}]}",
        "close: up", "settle", head="genesis: 2026-04-10T09:00:00Z",
    )  # fmt: skip


def given_up() -> Scenario:
    """A Chicago customer's bill is written off, and the core knows what that is posted to."""
    return story(
        "given-up", 'set_policy: {name: write_offs, value: {erp_item: BAD-DEBT, legacy: "0000470000"}}',
        "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}", "close: lake-1", "settle",
        "credit: {deal: lake-1, reason: write_off}", "settle",
    )  # fmt: skip


def edited() -> Scenario:
    """A New York customer's deal is edited after it has become a contract."""
    return story(
        "edited", "customer: " + HUDSON, f"deal: {{id: hudson-1, customer: hudson, lines: {LINES}}}",
        "close: hudson-1", "settle", "edit_deal: {deal: hudson-1, lines: {PLAT-ANNUAL: 8}}", "settle",
    )  # fmt: skip
