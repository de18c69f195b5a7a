"""Logs: one JSON object a line on stderr, with every configured secret taken out."""

import logging
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any

import structlog

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_HIDDEN = "[secret]"


def redactor(secrets: Iterable[str]) -> structlog.types.Processor:
    """A processor that replaces each of the secrets wherever it stands in a text."""
    hidden = sorted({secret for secret in secrets if secret}, key=len, reverse=True)

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            for secret in hidden:
                value = value.replace(secret, _HIDDEN)
            return value
        if isinstance(value, dict):
            return {key: clean(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [clean(item) for item in value]
        return value

    def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {key: clean(value) for key, value in event.items()}

    return redact


def configure(level: str, secrets: Iterable[str] = ()) -> None:
    """Set up the logs of this process, the core's own and those of libraries."""
    threshold = _LEVELS[level]
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_logger_name, structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True), structlog.processors.format_exc_info,
        redactor(secrets),
    ]  # fmt: skip
    structlog.configure(
        processors=[*shared[1:], structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    renderer = structlog.processors.JSONRenderer()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redactor(secrets), renderer],
        foreign_pre_chain=shared,
    ))  # fmt: skip
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(threshold, logging.WARNING))
