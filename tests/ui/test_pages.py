"""Each page over a harness API that answers from a table: what it says, what a click sends, how a problem is told."""

from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.fake import Fake, served

DEAL = {
    "id": "hudson-1", "opportunity_id": "006A", "name": "Hudson, order 1", "account_id": "001A", "customer": "Hudson",
    "customer_id": "hudson", "skus": ["PLAT-ANNUAL"], "entity": "US", "currency": "USD", "close_date": "2026-01-05",
    "pays_by": "card", "po": "HA-7", "etag": "deal-1", "state": "open", "stage": "Negotiation/Review",
    "net": "24,000.00 USD", "bills": [], "open": "0.00 USD", "closed": False, "waits": "",
}  # fmt: skip
HUDSON = {
    "id": "hudson", "account_id": "001A", "name": "Hudson", "entity": "US", "country": "US", "state": "NY",
    "city": "New York", "street": "", "zip": "", "tax_id": "", "pays_by": "card", "etag": "account-1",
}  # fmt: skip
ROW = {
    "identity": "won = contracted", "entity": "US", "currency": "USD",
    "a": {"book": "Salesforce, won net", "amount": "24,000.00"},
    "b": {"book": "platform, billed net", "amount": "0.00"}, "breaks": [], "unexplained": "0.00", "holds": True,
    "items": [{"kind": "parked", "document": "006A", "about": "Hudson, order 1", "amount": "24,000.00",
               "reason": "x00000001: no tax number"}],
    "reconciling": "24,000.00",
}  # fmt: skip
BOOKS = {
    "at": "2026-01-05T09:00:00Z", "holds": True, "open_exceptions": 1, "dead_letters": 0, "core_known": True,
    "tie_out": [{"entity": "US", "currency": "USD", "holds": True, "rows": [ROW]}], "unread": [],
    "facts": [{"account": "001A", "fact": "deal won, net", "salesforce": "24,000.00 USD"}],
    "systems": {"salesforce": "Salesforce", "erp_cloud": "cloud ERP"}, "accounts": {"001A": "Hudson"},
}  # fmt: skip
EXCEPTION = {
    "id": "x00000001", "kind": "missing_tax_profile", "reason": "the account has no tax number", "owner": "tax",
    "actions": ["fix_account", "retry", "abandon"], "state": "open", "resolution": "", "details": {},
    "opened": "2026-01-05T09:00:00Z", "due": "2026-01-06T09:00:00Z", "subject": "006A", "about": "Hudson, order 1",
    "customer": HUDSON, "etag": "exception-1", "subsidiaries": ["1"],
}  # fmt: skip
STORY = "story: short\ntitle: One account\nsteps:\n  - settle\n"


def action(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": body["id"],
        "state": "done",
        "said": f"done: {body.get('verb', 'decided')}",
        "note": "",
        "share": None,
    }


def run(body: dict[str, Any] | None) -> dict[str, Any]:
    return {"id": "run-1", "state": "waiting", "over": False, "now": "waits before step 2", "said": "", "events": 1,
            "result": None, "name": "short", "mode": "sim", "seed": "1", "stepwise": True}  # fmt: skip


def answers() -> dict[str, Any]:
    won = {"at": "2026-01-05T09:00:00Z", "where": "People", "system": "people", "what": "won: hudson-1"}
    told = {"number": 1, "kind": "step", "state": "done", "said": "all is quiet", "time": "2026-01-05T09:00:00Z"}
    return {
        "GET /sandbox": {
            "mode": "live", "world": "default", "now": "2026-01-05T09:00:00Z", "core": "up", "core_etag": "core-1",
            "busy": None, "entities": {"US": {"name": "Windtunnel US Inc", "currencies": ["USD"]}}, "disturbances": [],
            "products": [{"sku": "PLAT-ANNUAL", "name": "Platform", "prices": {"USD": 12000}, "meter": ""}],
            "systems": ["salesforce"],
        },
        "GET /verbs": {
            name: {"about": "", "schema": {"properties": {}}}
            for name in ("close", "pay_by_card", "transfer", "kill_core", "advance", "customer", "deal")
        } | {"map_item": {"about": "A person maps a product.", "schema": {
            "properties": {"sku": {"type": "string"}, "value": {"type": "object"}}, "required": ["sku"]}}},
        "GET /deals": {"customers": [HUDSON], "deals": [DEAL]},
        "GET /clock": {"now": "2026-01-05T09:00:00Z", "etag": "clock-1",
                       "due": [{"at": "2026-01-05T14:00:00Z", "where": "Legacy ERP", "what": "the window opens"}]},
        "GET /books": BOOKS,
        "GET /customers/001A/timeline": {
            "account_id": "001A", "name": "Hudson", "entity": "US", "waiting": [],
            "entries": [won]},
        "GET /exceptions": [EXCEPTION],
        "GET /stories": [{"name": "short", "text": STORY, "title": "One account", "about": "", "steps": [],
                          "complaints": []}],
        "POST /lint": {"title": "One account", "about": "", "steps": [{}], "complaints": []},
        "POST /actions": action,
        "POST /exceptions/x00000001/retry": action,
        "POST /exceptions/x00000001/abandon": action,
        "POST /runs": run,
        "GET /runs/run-1": {**run(None), "after": 1, "new": [{"kind": "run", "steps": 2}, told]},
        "POST /runs/run-1/steps/2": run,
    }  # fmt: skip


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    made = Fake(answers())
    with served(made) as address:
        monkeypatch.setenv("WINDTUNNEL_API", address)
        monkeypatch.setenv("WINDTUNNEL_API_TOKEN", "t")
        yield made


def opened(name: str) -> AppTest:
    """The page of that name."""
    script = f"from ui import views\nnext(page for page, title, _, _ in views.PAGES if title == {name!r})()\n"
    return AppTest.from_string(script, default_timeout=30).run()


def words(page: AppTest) -> str:
    """All that it says."""
    assert not page.exception
    kinds = (page.title, page.subheader, page.markdown, page.caption, page.success, page.warning, page.error, page.info)
    return "\n".join(str(one.value) for kind in kinds for one in kind)


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


def test_drive_wins_a_deal_as_it_was_shown_and_says_so(fake: Fake) -> None:
    page = opened("Drive")
    assert "24,000.00 USD net" in words(page) and "the window opens" in words(page)
    press(page, "Win the deal")
    path, body, seen = fake.told[-1]
    assert (path, body["verb"], body["facts"], seen) == ("POST /actions", "close", {"deal": "hudson-1"}, "deal-1")
    assert "Done: close." in words(page)
    press(page, "+1 d")
    assert fake.told[-1][1]["facts"] == {"by": "1d"} and fake.told[-1][2] == "clock-1"
    ids = [body["id"] for body in fake.sent("POST /actions")]
    assert len(set(ids)) == len(ids) == 2


def test_a_click_on_an_old_page_is_told_and_nothing_else(fake: Fake) -> None:
    page = opened("Drive")
    fake.answers["POST /actions"] = (412, {"detail": "deal hudson-1 has changed since this page was shown."})
    press(page, "Win the deal")
    assert [one.value for one in page.warning] == ["Deal hudson-1 has changed since this page was shown."]


def test_drive_refuses_an_empty_offer_and_bad_json_by_itself(fake: Fake) -> None:
    page = opened("Drive")
    page.number_input(key="offer-PLAT-ANNUAL").set_value(0)
    press(page, "Make the offer")
    assert "Nothing is offered" in words(page) and fake.told == []
    page.selectbox(key="any-verb").set_value("map_item").run()
    page.text_area(key="any-map_item-value").set_value("{bad")
    press(page, "Do it")
    assert "this is not JSON" in words(page) and fake.told == []


def test_customer_tells_the_timeline(fake: Fake) -> None:
    said = words(opened("Customer"))
    assert ":violet-badge[People] Won\\: hudson-1." in said and "24,000.00 USD" in said


def test_books_name_each_reconciling_item(fake: Fake) -> None:
    said = words(opened("Books"))
    assert "The books agree: 0.00 unexplained. 1 reconciling item, with its reason." in said
    assert "**24,000.00** USD · Hudson, order 1: x00000001\\: no tax number" in said and "Windtunnel US Inc" in said
    fake.answers["GET /books"] = {**BOOKS, "holds": False, "core_known": False}
    said = words(opened("Books"))
    assert "The books do not agree" in said and "sync core is not running" in said


def test_an_exception_is_corrected_retried_or_given_up(fake: Fake) -> None:
    page = opened("Exceptions")
    assert "The tax profile is not complete" in words(page)
    press(page, "Correct it in Salesforce")
    assert "Nothing was changed" in words(page) and fake.told == []
    page.text_input(key="x00000001-tax_id").set_value("201912345K")
    press(page, "Correct it in Salesforce")
    assert fake.told[-1][1]["facts"] == {"customer": "hudson", "tax_id": "201912345K"}
    assert fake.told[-1][2] == "account-1"
    page.session_state["choice-x00000001"] = "abandon"
    page.run()
    page.text_input(key="why-x00000001").set_value("bought by mistake")
    press(page, "Give it up")
    path, body, seen = fake.told[-1]
    assert path == "POST /exceptions/x00000001/abandon" and body["reason"] == "bought by mistake"
    assert seen == "exception-1"


def test_a_story_is_checked_in_place_and_played_step_by_step(fake: Fake) -> None:
    page = opened("Run a story")
    page.checkbox(key="story-stepwise").check().run()
    press(page, "Play it")
    asked = fake.sent("POST /runs")[0]
    assert asked["text"] == STORY and asked["stepwise"] is True and asked["mode"] == "sim"
    press(page, "Next: step 2")
    assert fake.sent("POST /runs/run-1/steps/2")
    fake.answers["POST /lint"] = {"title": "", "about": "", "steps": [], "complaints": [
        {"line": 4, "column": 5, "message": "unknown verb 'settel'; did you mean 'settle'?"}]}  # fmt: skip
    page.text_area(key="text-short").set_value(STORY.replace("settle", "settel")).run()
    assert "Line 4, column 5: unknown verb 'settel'; did you mean 'settle'?" in words(page)
    assert page.code[0].value.splitlines()[-2:] == ["   4 |   - settel", "     |     ^ here"]
    assert next(button for button in page.button if button.label == "Play it").disabled


def test_a_run_that_does_not_hold_is_explained_when_asked(fake: Fake) -> None:
    verdict = {"invariant": "I1", "outcome": "broken", "title": "one effect", "checked": 1, "findings": ["2 documents"]}
    result = {"story": "short", "outcome": "broken", "broken_off": None, "verdicts": [verdict], "books": None,
              "timeline": [], "took_s": 0.2, "seed": "1", "digest": "0" * 64}  # fmt: skip
    over = {**run(None), "state": "done", "over": True, "now": "done", "result": result}
    fake.answers["POST /runs"] = over
    fake.answers["GET /runs/run-1"] = {**over, "after": 0, "new": []}
    row = {"at": "2026-01-05T09:00:00Z", "system": "erp_cloud", "status": 204, "fault": None, "when": "then"}
    fake.answers["GET /runs/run-1/explanation"] = {
        "said": "It began with a new transaction 1002", "customer": {"account": "001A", "name": "Hudson"},
        "around": [{**row, "what": "POST /invoice"}],
        "timeline": [{**row, "where": "Cloud ERP", "what": "invoice US-1 is posted in the ledger"}],
        "calm": {"what": "the same story, undisturbed", "facts": [
            {"fact": "invoice US-1", "system": "erp_cloud", "here": "twice", "there": "paid"}], "calls": []},
    }  # fmt: skip
    page = press(opened("Run a story"), "Play it")
    assert "It began" not in words(page)
    shown = words(press(page, "Why?"))
    for said in ("It began with a new transaction 1002", "Invoice US-1 is posted", "undisturbed", "twice", "/invoice"):
        assert said in shown, shown


@pytest.mark.parametrize("name", ["Drive", "Customer", "Books", "Exceptions", "Run a story"])
def test_without_a_sandbox_each_page_says_how_to_start_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("", "http://127.0.0.1:9"):
        monkeypatch.setenv("WINDTUNNEL_API", address)
        page = opened(name)
        assert not page.exception and "windtunnel ui" in page.error[0].value


def test_a_defect_is_no_trace_on_the_page(fake: Fake) -> None:
    fake.answers["GET /books"] = {"nonsense": True}
    page = opened("Books")
    assert not page.exception and "Something on this page failed" in page.error[0].value


def test_a_double_click_is_one_action_and_a_later_click_another(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened("Drive")
    press(press(page, "Win the deal"), "Win the deal")
    monkeypatch.setattr("ui.client.DOUBLE_S", 0.0)
    press(page, "Win the deal")
    ids = [body["id"] for body in fake.sent("POST /actions")]
    assert ids[0] == ids[1] != ids[2]


def test_an_amendment_is_offered_for_the_deal_that_was_shown(fake: Fake) -> None:
    fake.answers["GET /verbs"]["deal"]["schema"]["properties"] = {"type": {}}
    fake.answers["GET /deals"]["deals"] = [{**DEAL, "state": "paid"}]
    page = opened("Drive")
    page.number_input(key="amendment-seats-hudson-1").set_value(3)
    press(page, "Offer the amendment")
    _, body, seen = fake.told[-1]
    assert body["facts"] == {
        "id": "hudson-1-amendment-1", "name": "Hudson, order 1, amendment 1", "type": "amendment", "of": "hudson-1",
        "customer": "hudson", "lines": [{"sku": "PLAT-ANNUAL", "quantity": 3}],
    }  # fmt: skip
    assert seen == "deal-1"
