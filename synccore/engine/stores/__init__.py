"""The stores of ports.stores over one session: one class a store."""

from synccore.engine.stores.unit import SessionUnit

__all__ = ["SessionUnit"]
