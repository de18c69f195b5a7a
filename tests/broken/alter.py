"""How a core is made wrong: single members of its parts replaced, everything else left as it is."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from synccore.bootstrap import Parts
from synccore.processes.context import Context

Members = Mapping[str, Any]


class Altered:
    """An object with some members replaced."""

    def __init__(self, real: Any, members: Members) -> None:
        self._real = real
        self.__dict__.update(members)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def adapter(parts: Parts, system: str, members: Callable[[Any], Members]) -> Parts:
    """The adapter of a system (salesforce, platform, cloud, legacy) with other members."""

    def build(*given: Any) -> Any:
        built = parts.adapters(*given)
        real = getattr(built, system)
        return replace(built, **{system: Altered(real, members(real))})

    return replace(parts, adapters=build)


def context(parts: Parts, members: Callable[[Context], Members]) -> Parts:
    """The processes' surroundings with other members (once, level, findings, keys, …)."""

    def build(ctx: Context) -> Context:
        real = parts.context(ctx)
        return replace(real, **members(real))

    return replace(parts, context=build)


def policy(parts: Parts, name: str, **values: Any) -> Parts:
    """A policy that is in force whatever people have said."""

    def members(real: Context) -> Members:
        def altered(unit: Any, asked: str) -> Any:
            return {**real.policy(unit, asked), **(values if asked == name else {})}

        return {"policy": altered}

    def build(ctx: Context) -> Any:
        return Altered(parts.context(ctx), members(ctx))

    return replace(parts, context=build)


def store(parts: Parts, name: str, members: Callable[[Any], Members]) -> Parts:
    """One store of every transaction with other members."""

    def build(unit: Any) -> Any:
        real = parts.unit(unit)
        one = getattr(real, name)
        return Altered(real, {name: Altered(one, members(one))})

    return replace(parts, unit=build)


def process(parts: Parts, around: Callable[[str, Any], Any]) -> Parts:
    """Every process by name replaced by another around it."""

    def build(ctx: Context) -> Any:
        return {name: around(name, real) for name, real in parts.processes(ctx).items()}

    return replace(parts, processes=build)


@contextmanager
def member(owner: Any, name: str, make: Callable[[Any], Any]) -> Iterator[None]:
    """A member of a living object replaced for a while."""
    real = getattr(owner, name)
    setattr(owner, name, make(real))
    try:
        yield
    finally:
        delattr(owner, name)
