"""Whether a changed OpenAPI document still serves the clients of the one before: paths, parameters, bodies, answers."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from synccore.governance.compatibility import Incompatibility, unread

Json = Mapping[str, Any]
Found = tuple[str, Literal["backward", "forward"], str]
METHODS = ("get", "put", "post", "patch", "delete")


def api_incompatibilities(new: Json, old: Json) -> list[Incompatibility]:
    """Why clients built against `old` would fail with `new`: forward in what they read, backward in what they send."""
    version = str(old.get("info", {}).get("version", ""))
    return [Incompatibility(at, direction, version, why) for at, direction, why in _paths(new, old)]


def _paths(new: Json, old: Json) -> Iterator[Found]:
    for path, item in old["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            at = f"/paths/{path.replace('/', '~1')}/{method}"
            operation = new["paths"].get(path, {}).get(method)
            if operation is None:
                yield at, "backward", f"{method.upper()} {path} is gone"
                continue
            yield from _parameters(at, operation, item[method], new, old)
            yield from _body(at, operation, item[method], new, old)
            yield from _answers(at, operation, item[method], new, old)


def _parameters(at: str, new: Json, old: Json, root: Json, old_root: Json) -> Iterator[Found]:
    have, had = ({(one["in"], one["name"]): one for one in side.get("parameters", ())} for side in (new, old))
    for key, one in had.items():
        place = f"{at}/parameters/{key[1]}"
        if key not in have:
            yield place, "backward", f"the {key[0]} parameter '{key[1]}' is not accepted any more"
            continue
        for pointer, why in unread(have[key].get("schema", {}), one.get("schema", {}), root, old_root):
            yield f"{place}{pointer}", "backward", why
    for key, one in have.items():
        if one.get("required") and not had.get(key, {}).get("required"):
            yield f"{at}/parameters/{key[1]}", "backward", f"the {key[0]} parameter '{key[1]}' is needed now"


def _body(at: str, new: Json, old: Json, root: Json, old_root: Json) -> Iterator[Found]:
    has, had = new.get("requestBody", {}), old.get("requestBody", {})
    if has.get("required") and not had.get("required"):
        yield f"{at}/requestBody", "backward", "a body is needed now"
    for kind, content in had.get("content", {}).items():
        if kind not in has.get("content", {}):
            yield f"{at}/requestBody", "backward", f"a body of {kind} is not accepted any more"
            continue
        for pointer, why in unread(has["content"][kind].get("schema", {}), content.get("schema", {}), root, old_root):
            yield f"{at}/requestBody{pointer}", "backward", why


def _answers(at: str, new: Json, old: Json, root: Json, old_root: Json) -> Iterator[Found]:
    for status, answer in old.get("responses", {}).items():
        if not status.startswith("2"):
            continue
        place = f"{at}/responses/{status}"
        if status not in new.get("responses", {}):
            yield place, "forward", f"it does not answer {status} any more"
            continue
        for kind, content in answer.get("content", {}).items():
            now = new["responses"][status].get("content", {}).get(kind)
            if now is None:
                yield place, "forward", f"it does not answer with {kind} any more"
                continue
            for pointer, why in unread(content.get("schema", {}), now.get("schema", {}), old_root, root):
                yield f"{place}{pointer}", "forward", why
