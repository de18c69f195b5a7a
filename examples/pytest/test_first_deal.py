"""A deal is won, billed, posted and paid, and every book says the same: run it by `pytest` in this folder."""


def test_a_won_deal_becomes_a_paid_invoice(sandbox, clock, books):
    sandbox.play("""
      - customer: {id: acme, name: Acme, entity: US, country: US, state: IL, city: Chicago}
      - deal: {id: acme-1, customer: acme, lines: [{sku: PLAT-ANNUAL, quantity: 4}]}
      - close: acme-1
    """)
    clock.advance("1h")
    assert books.state("acme-1") == "posted"
    sandbox.play("- transfer: acme-1")
    clock.advance("1d")
    assert books.state("acme-1") == "paid"
    books.assert_hold()
