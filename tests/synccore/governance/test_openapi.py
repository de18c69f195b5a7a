"""Changes of an API: what refuses, what passes, and that the core's own document is compatible with itself."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from synccore import bootstrap

Json = dict[str, Any]
NOW: Json = bootstrap.api(lambda: None).openapi()


def get(document: Json, path: str, method: str = "get") -> Json:
    found: Json = document["paths"][path][method]
    return found


def _drop_path(document: Json) -> None:
    del document["paths"]["/exceptions"]


def _rename_field(document: Json) -> None:
    view = document["components"]["schemas"]["ExceptionView"]
    view["properties"]["owner"] = view["properties"].pop("owner_role")
    view["required"] = [name for name in view["required"] if name != "owner_role"]


def _narrow_request(document: Json) -> None:
    document["components"]["schemas"]["Reason"]["properties"]["reason"]["maxLength"] = 50


def _widen_answer(document: Json) -> None:
    document["components"]["schemas"]["ExceptionView"]["properties"]["state"]["enum"].append("snoozed")


def _need_parameter(document: Json) -> None:
    get(document, "/exceptions")["parameters"].append(
        {"in": "query", "name": "entity", "required": True, "schema": {"type": "string"}}
    )


def _drop_parameter(document: Json) -> None:
    get(document, "/exceptions")["parameters"] = []


def _other_status(document: Json) -> None:
    answers = get(document, "/exceptions")["responses"]
    answers["206"] = answers.pop("200")


REFUSED: dict[str, tuple[Callable[[Json], None], str]] = {
    "a removed path": (_drop_path, "/paths/~1exceptions/get: "),
    "a renamed field": (_rename_field, "/paths/~1exceptions/get/responses/200/items/properties/owner_role"),
    "a narrowed request": (_narrow_request, "/requestBody/properties/reason"),
    "a value that clients do not know": (_widen_answer, "/items/properties/state"),
    "a parameter that is needed now": (_need_parameter, "/parameters/entity"),
    "a parameter that is gone": (_drop_parameter, "/parameters/state"),
    "another status": (_other_status, "/responses/200"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_breaks_clients_is_refused_with_its_place(name: str) -> None:
    change, at = REFUSED[name]
    changed = copy.deepcopy(NOW)
    change(changed)
    found = [str(one) for one in bootstrap.api_incompatibilities(changed, NOW)]
    assert any(at in one for one in found), found


def test_what_only_adds_passes() -> None:
    changed = copy.deepcopy(NOW)
    changed["paths"]["/weather"] = {"get": {"responses": {"200": {}}}}
    changed["components"]["schemas"]["ExceptionView"]["properties"]["colour"] = {"type": "string"}
    get(changed, "/exceptions")["parameters"].append({"in": "query", "name": "entity", "schema": {"type": "string"}})
    assert bootstrap.api_incompatibilities(changed, NOW) == []
    assert bootstrap.api_incompatibilities(NOW, NOW) == []
