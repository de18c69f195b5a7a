"""Every page in a real Chromium over a real sandbox: a deal driven to paid, seen on the books, an exception resolved,
a story run. The README's screenshots are made here: WINDTUNNEL_SCREENSHOTS=write replaces the committed ones.
"""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from harness.bench.page import FLAGS, chromium
from tests.sandbox import COMMAND

pytestmark = [pytest.mark.live, pytest.mark.skipif(not chromium(), reason="this machine has no Chromium")]

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "ui" / "screenshots"
SHOTS = ("drive", "customer", "books", "exceptions", "story")
SIZE = {"width": 1280, "height": 860}
PATIENCE_MS = 120_000  # how long to look for what must come; no test of speed
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of `windtunnel ui`, ended by one Ctrl-C."""
    home = tmp_path_factory.mktemp("browser") / "home"
    command = subprocess.Popen(
        ["env", "--default-signal=INT", *COMMAND, "ui", "--ports", "0"], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
        env={**os.environ, "WINDTUNNEL_HOME": str(home), "COLUMNS": "160"},
    )  # fmt: skip
    assert command.stdout is not None
    said = ""
    try:
        while (found := re.search(r"the page is at (http\S+)", said)) is None:
            line = command.stdout.readline()
            assert line, said
            said += line
        yield found[1]
    finally:
        command.send_signal(signal.SIGINT)
        words, _ = command.communicate(timeout=60)
    assert "nothing was left running" in words and "Traceback" not in words, words
    assert not left_over(home)


def left_over(home: Path) -> list[str]:
    """Processes that were started for this home."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if str(home).encode() in path.read_bytes():
                found.append((path.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[Page]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        found = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]
        found.set_default_timeout(PATIENCE_MS)
        found.goto(address)
        yield found
        browser.close()


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return COMMITTED if os.environ.get("WINDTUNNEL_SCREENSHOTS") == "write" else tmp_path_factory.mktemp("shots")


def shot(page: Page, shots: Path, name: str) -> None:
    """A picture of what is seen, once nothing is being redrawn."""
    expect(page.locator("[data-stale='true']")).to_have_count(0)
    shots.mkdir(exist_ok=True)
    page.screenshot(path=shots / f"{name}.png", animations="disabled", caret="hide")


def opened(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def offered_and_won(page: Page, name: str) -> None:
    """The form holds an example; the customer's deal is won."""
    expect(page.get_by_label("Name", exact=True)).to_have_value(name)
    page.get_by_role("button", name="Make the offer").click()
    expect(page.get_by_text(f"{name} is offered")).to_be_visible()
    page.get_by_role("button", name="Win the deal").click()
    expect(page.get_by_role("button", name="Win the deal")).to_have_count(0)
    expect(page.get_by_text(re.compile(rf"Won: .*\({name}\)"))).to_be_visible()  # what is shown before may yet change


def test_a_deal_is_driven_to_paid(page: Page, shots: Path) -> None:
    expect(page.get_by_text("No deal yet")).to_be_visible()
    offered_and_won(page, "Hudson Analytics")
    pay = page.get_by_role("button", name="Pay by card")
    pay.dblclick()  # people do; the bill is paid once
    expect(page.get_by_text("Hudson Analytics pays 65,325.00 USD")).to_be_visible()
    expect(page.get_by_text("paid in all books")).to_be_visible()
    offered_and_won(page, "Lakeside Logistics")
    expect(page.get_by_role("button", name="Pay by transfer")).to_be_visible()
    offered_and_won(page, "Merlion Freight")
    expect(page.get_by_text("Waits for a person")).to_be_visible()
    shot(page, shots, "drive")


def test_the_core_dies_and_comes_back_and_time_passes(page: Page) -> None:
    page.get_by_role("button", name="Kill the sync core").click()
    expect(page.get_by_text("sync core stopped")).to_be_visible()
    page.get_by_role("button", name="Start the sync core").click()
    expect(page.get_by_text("sync core up")).to_be_visible()
    page.get_by_role("button", name="+1 d").click()
    expect(page.get_by_text("It is 2026-01-06T")).to_be_visible()


def test_the_customer_page_tells_it_over_all_systems(page: Page, shots: Path) -> None:
    opened(page, "Customer")
    for words in ("Invoice US-000001 over 65,325.00 USD is posted in the ledger", "Receipt of 65,325.00 USD"):
        expect(page.get_by_text(words).first).to_be_visible()
    assert page.get_by_text("Receipt of 65,325.00 USD").count() == 1
    shot(page, shots, "customer")


def test_the_books_agree_and_name_what_waits(page: Page, shots: Path) -> None:
    opened(page, "Books")
    expect(page.get_by_text("The books agree: 0.00 unexplained.")).to_be_visible()
    expect(page.get_by_text("parked").first).to_be_visible()
    shot(page, shots, "books")


def test_an_exception_is_resolved_without_code(page: Page, shots: Path) -> None:
    opened(page, "Exceptions")
    expect(page.get_by_text("The tax profile is not complete").first).to_be_visible()
    shot(page, shots, "exceptions")
    page.get_by_label("Tax registration number").fill("201912345K")
    page.get_by_role("button", name="Correct it in Salesforce").click()
    expect(page.get_by_text("Nothing waits for a person.")).to_be_visible()


def test_a_story_is_mended_and_run(page: Page, shots: Path) -> None:
    opened(page, "Run a story")
    text = page.get_by_label("Text of the story")
    expect(text).to_have_value(re.compile("- close:"))
    right = text.input_value()
    text.fill(right.replace("- close:", "- cloze:", 1))
    text.press("Control+Enter")
    expect(page.get_by_text("unknown verb 'cloze'; did you mean 'close'?")).to_be_visible()
    expect(page.get_by_role("button", name="Play it")).to_be_disabled()
    page.get_by_role("button", name="Back to the file's text").click()
    expect(page.get_by_role("button", name="Play it")).to_be_enabled()
    expect(text).to_have_value(right)
    page.get_by_role("button", name="Play it").click()
    expect(page.get_by_text("It holds: the books agree")).to_be_visible()
    page.get_by_role("heading", name="Run a story").scroll_into_view_if_needed()
    shot(page, shots, "story")


def test_the_screenshots_are_what_the_readme_shows(shots: Path) -> None:
    readme = (ROOT / "README.md").read_text()
    for name in SHOTS:
        fresh, kept = shots / f"{name}.png", COMMITTED / f"{name}.png"
        assert 15_000 < fresh.stat().st_size < 400_000 and 15_000 < kept.stat().st_size < 400_000, name
        assert dimensions(fresh) == dimensions(kept) == (SIZE["width"], SIZE["height"])
        assert f"ui/screenshots/{name}.png" in readme


def dimensions(picture: Path) -> tuple[int, int]:
    """Width and height of a PNG, from its header."""
    head = picture.read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
