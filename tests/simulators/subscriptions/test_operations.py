"""Every operation of the vendor is either served or said to be absent, and no other is: `operations.tsv` is the list.

Its rows are resource, operation, method and path as the vendor's Python client forms them, and what there is here.
"""

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

import chargebee
import pytest

from simulators.subscriptions.routes import ACTIONS, LISTS
from tests.simulators.subscriptions.site import Site, play

LIST = Path(__file__).with_name("operations.tsv")
ROWS = [line.split("\t") for line in LIST.read_text().splitlines()]
TEMPLATE = Path(__file__).parents[3] / "simulators/subscriptions/FIDELITY.in.md"
HEADING = "## Operations that are absent, by the names of the vendor's Python client"
OURS = {
    ("PUT", "/usage_files/{id}/content"), ("GET", "/usage_files/{id}/errors"), ("GET", "/exports/{id}/download"),
    ("GET", "/downloads/{id}"),
}  # fmt: skip
"""Where the vendor gives out signed addresses of a storage of its own."""


def routes(site: Site) -> Iterator[tuple[str, str, str]]:
    for route in site.system.routes.table:
        if route.path.startswith("/api/v2"):
            yield route.method, re.sub(r"\{[^}]*\}", "{id}", route.path.removeprefix("/api/v2")), route.operation


def clients() -> Iterator[tuple[str, str]]:
    """(method, path) of every call that the vendor's Python client can make, read off its code."""
    for file in (Path(chargebee.__file__).parent / "models").glob("*/operations.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("request.send", "request.send_list_request"):
                method, path = node.args[:2]
                assert isinstance(method, ast.Constant) and isinstance(path, ast.Call)
                parts = [str(part.value) if isinstance(part, ast.Constant) else "{id}" for part in path.args]
                yield str(method.value).upper(), "/" + "/".join(parts)


def test_every_call_of_the_vendors_client_is_listed() -> None:
    called = set(clients())
    assert len(called) > 400, "its code reads otherwise than it did"
    assert called == {(row[2], row[3]) for row in ROWS}


def test_what_is_served_is_listed_under_the_vendors_name() -> None:
    site = Site()
    found = {(method, path): name for method, path, name in routes(site) if (method, path) not in OURS}
    if os.environ.get("WINDTUNNEL_WRITE"):
        for row in ROWS:
            row[4] = "served" if (row[2], row[3]) in found else "absent"
        LIST.write_text("".join("\t".join(row) + "\n" for row in ROWS))
    served = {(method, path): f"{resource}.{name}" for resource, name, method, path, state in ROWS if state == "served"}
    assert found == served, "WINDTUNNEL_WRITE=1 writes what is served and absent now"
    assert len(served) >= len(ACTIONS) + len(LISTS)


@pytest.mark.parametrize("resource", sorted({row[0] for row in ROWS if row[4] == "absent"}))
def test_what_is_absent_answers_as_the_vendor_does(resource: str) -> None:
    async def story(site: Site) -> None:
        for row in ROWS:
            if row[0] == resource and row[4] == "absent":
                reply = await site.call(row[2], row[3].replace("{id}", "some"))
                if reply.json["error_code"] == "api_restricted":  # an operation of product catalog 1.0
                    assert (reply.status, reply.json["api_error_code"]) == (400, "configuration_incompatible"), row
                    continue
                assert reply.status in (404, 405), row
                code, kind = reply.json["api_error_code"], reply.json["type"]
                assert (code, kind) in (
                    ("resource_not_found", "invalid_request"), ("http_method_not_supported", "invalid_request"),
                ), row  # fmt: skip

    play(story)


def test_the_page_lists_what_is_absent() -> None:
    text = TEMPLATE.read_text()
    head, _, _ = text.partition(HEADING)
    absent: dict[str, list[str]] = {}
    for resource, name, _, _, state in ROWS:
        if state == "absent":
            absent.setdefault(resource, []).append(name)
    table = "".join(f"- {resource}: {', '.join(names)}\n" for resource, names in absent.items())
    wanted = f"{head}{HEADING}\n\n{table}"
    if os.environ.get("WINDTUNNEL_WRITE"):
        TEMPLATE.write_text(wanted)
    assert TEMPLATE.read_text() == wanted, "WINDTUNNEL_WRITE=1 writes it"
