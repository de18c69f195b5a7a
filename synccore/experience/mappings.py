"""Mappings that people change without code: validated by kind, versioned, audited; a change wakes what waits for it."""

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path
from pydantic import ValidationError

from synccore.domain.mappings import KINDS, shape_of, topics
from synccore.experience.access import REFUSALS, At, Operator, Viewer
from synccore.experience.links import leads_to
from synccore.experience.models import MappingChange, MappingVersionView, MappingView
from synccore.experience.problem import Problem, declared
from synccore.experience.strict import StrictRoute
from synccore.ports.stores import Unit

router = APIRouter(tags=["mappings"], route_class=StrictRoute)

Kind = StrEnum("Kind", {name: name for name in KINDS})  # type: ignore[misc]
Key = Annotated[str, Path(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$")]
_MISSING = REFUSALS | declared(404)


@router.get("/mappings/{kind}", operation_id="listMappings", responses=_MISSING)
async def list_mappings(core: At, _: Viewer, kind: Kind) -> dict[str, Any]:
    """All mappings of a kind, by key."""
    return await core.database.run(lambda unit: unit.mappings.all(kind.value))


@router.get("/mappings/{kind}/{key:path}", operation_id="getMapping", responses=_MISSING)
async def get_mapping(core: At, _: Viewer, kind: Kind, key: Key) -> MappingView:
    """The mapping in force."""
    history = await core.database.run(lambda unit: unit.mappings.history(kind.value, key))
    if not history:
        raise Problem(404, f"there is no mapping {kind.value}/{key}")
    return MappingView(kind=kind.value, key=key, value=history[-1].value, version=history[-1].version)


@router.get("/mapping-versions/{kind}/{key:path}", operation_id="listMappingVersions", responses=_MISSING)
async def list_versions(core: At, _: Viewer, kind: Kind, key: Key) -> list[MappingVersionView]:
    """All versions of a mapping, oldest first."""
    history = await core.database.run(lambda unit: unit.mappings.history(kind.value, key))
    if not history:
        raise Problem(404, f"there is no mapping {kind.value}/{key}")
    return [MappingVersionView.model_validate(version, from_attributes=True) for version in history]


_SAME = {"kind": "$response.body#/kind", "key": "$response.body#/key"}
_LEADS = leads_to(getMapping=_SAME, listMappingVersions=_SAME)


@router.put("/mappings/{kind}/{key:path}", operation_id="putMapping", responses=_MISSING | _LEADS)
async def put_mapping(
    core: At, caller: Operator, kind: Kind, key: Key, body: Annotated[dict[str, Any], Body()]
) -> MappingChange:
    """Put a mapping in force; its shape depends on the kind. Work parked on it is due at once."""
    try:
        shape_of(kind.value, key).model_validate(body)
    except ValidationError as error:
        found = "; ".join(f"{'/'.join(map(str, item['loc'])) or 'body'}: {item['msg']}" for item in error.errors())
        raise Problem(422, found) from None

    def put(unit: Unit) -> tuple[int, list[str]]:
        now = core.clock.now()
        version = unit.mappings.put(kind.value, key, body, caller.name, now)
        unit.audit.add(caller.name, "mapping.put", f"{kind.value}/{key}", {"version": version}, now)
        return version, [work for topic in topics(kind.value, key, body) for work in unit.work.wake(topic, now)]

    version, woken = await core.database.run(put)
    await core.reload()
    core.touch()
    await core.kick()
    return MappingChange(kind=kind.value, key=key, value=body, version=version, woken=woken)
