"""Serves the page: `python -m ui --port N`; says on standard output when it is ready. `windtunnel ui` starts it."""

import argparse
import importlib
import json
import logging
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn

log = logging.getLogger("ui")
SCRIPT = Path(__file__).with_name("app.py")
WARM = ("pandas", "pyarrow", "ui.views")  # what the first visitor would have to wait for


def on_script_error(error: Exception) -> bool:
    """What nobody expected goes to the log; the visitor is told so without a trace."""
    log.error("the page failed", exc_info=error)
    return False


def main() -> None:
    """Bind, load, say so, serve."""
    parser = argparse.ArgumentParser(prog="ui")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    listener = socket.create_server((given.host, given.port))
    import streamlit as st  # noqa: PLC0415 - after the port is known to be free

    @asynccontextmanager
    async def loaded(_app: Any) -> AsyncIterator[None]:
        for name in WARM:
            importlib.import_module(name)
        sys.stdout.write(json.dumps({"ready": "page", "port": listener.getsockname()[1]}) + "\n")
        sys.stdout.flush()
        yield

    app = st.App(SCRIPT, lifespan=loaded, on_script_error=on_script_error)
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
