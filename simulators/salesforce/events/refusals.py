"""How a call of the Pub/Sub API ends badly: gRPC status, the vendor's error code, a message."""

from typing import TypeVar

PREFIX = "sfdc.platform.eventbus.grpc."
M = TypeVar("M")


class Failed(Exception):
    """gRPC status by name, the vendor's error code (given without its prefix), what is wrong."""

    def __init__(self, status: str, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, f"{PREFIX}{code}", message


def parsed(kind: type[M], data: bytes) -> M:
    """A message; raises Failed for bytes that are none."""
    try:
        found: M = kind.FromString(data)  # type: ignore[attr-defined]
    except Exception:  # protobuf's own DecodeError, whose home differs by implementation
        raise Failed("INVALID_ARGUMENT", "request.invalid", "The request is no such message.") from None
    return found
