"""The page in a real browser: how long until a visitor on this machine sees it."""

import shutil
import statistics
import tempfile
import time
from pathlib import Path

from harness.bench.measure import Figure
from harness.cli.keeper import page
from harness.stack.home import free_port
from harness.stack.launch import HOST, Plan, launch
from harness.stack.problem import StackProblem

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
BAR_S = "2"
VISITS = 5


def chromium() -> str:
    """Where the browser is, '' where there is none."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in found if path), "")


async def first_paint() -> list[Figure]:
    """A fresh browser opens the page over a whole running sandbox: until anything, and until the form is there."""
    from playwright.async_api import async_playwright  # noqa: PLC0415 - only this measurement needs it

    from harness.api.serving import serving  # noqa: PLC0415
    from harness.scenario import load_world  # noqa: PLC0415
    from harness.scenario.model import GENESIS  # noqa: PLC0415
    from harness.scenario.values import moment  # noqa: PLC0415

    if not chromium():
        raise StackProblem("there is no Chromium on this machine (on Debian: apt-get install chromium)", 2)
    paints, forms = [], []
    with tempfile.TemporaryDirectory(prefix="windtunnel-bench-") as folder:
        plan = Plan(load_world("default"), moment(GENESIS), Path(folder))
        async with (
            launch(plan) as stack, serving(stack, HOST, free_port(HOST), "bench") as api,
            page({"api": api, "api_token": "bench"}, free_port(HOST), Path(folder) / "page.log") as (address, _),
            async_playwright() as play,
        ):  # fmt: skip
            for _visit in range(VISITS):
                browser = await play.chromium.launch(executable_path=chromium(), args=list(FLAGS))
                tab = await browser.new_page()
                begun = time.monotonic()
                await tab.goto(address, wait_until="commit")
                await tab.get_by_role("heading", name="Drive").wait_for()
                paints.append(time.monotonic() - begun)
                await tab.get_by_role("button", name="Make the offer").wait_for()
                forms.append(time.monotonic() - begun)
                await browser.close()
    note = f"median of {VISITS} fresh browsers, first {paints[0]:.1f}"
    return [
        Figure("page: first paint (its heading)", statistics.median(paints), "s", bar=BAR_S, note=note),
        Figure("page: all of Drive drawn", statistics.median(forms), "s", note=f"first {forms[0]:.1f}"),
    ]
