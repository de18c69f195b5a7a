"""Run the core: `python -m synccore`, configured by SYNCCORE_* alone; prints one JSON line when it is ready."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager

if __name__ == "__main__":
    sys.modules["rich"] = None  # type: ignore[assignment] # 3 MB for colours, which a log in JSON has not: see structlog

import structlog
import uvicorn
from pydantic import SecretStr

from synccore import bootstrap


def main(environment: Mapping[str, str]) -> int:
    """Serve until SIGTERM or SIGINT; 2 when it cannot start: wrong configuration, no port, no database, no time."""
    try:
        settings = bootstrap.settings_of(environment)
        bootstrap.configure_logs(settings.log_level, secrets_of(settings))
        asyncio.run(serve(settings))
    except bootstrap.ConfigError as error:
        for problem in error.problems:
            print(f"synccore: {problem}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"synccore: {error}", file=sys.stderr)
        return 2
    return 0


def secrets_of(settings: bootstrap.Settings) -> list[str]:
    """Every secret of the settings: none of them belongs in a log."""
    values = (getattr(settings, name) for name in type(settings).model_fields)
    return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]


def listening(host: str, port: int) -> socket.socket:
    """A listening socket; raises ConfigError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named as TCP, or Nagle stays on
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(512)
    except OSError as error:
        raise bootstrap.ConfigError([f"SYNCCORE_PORT: cannot listen on {host}:{port}: {error.strerror}"]) from None
    return sock


class _Server(uvicorn.Server):
    """A server that leaves signals to us: the core ends after it, in order."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Capture none."""
        yield

    def stop(self) -> None:
        """End gracefully; at once when asked twice."""
        self.force_exit, self.should_exit = self.should_exit, True


async def serve(settings: bootstrap.Settings) -> None:
    """One core and its API in one loop."""
    sock = listening(settings.host, settings.port)
    core = bootstrap.build(settings, bootstrap.live(settings))
    server = _Server(uvicorn.Config(
        bootstrap.api(lambda: core if core.ready else None), log_config=None, access_log=False, server_header=False,
        lifespan="off", timeout_graceful_shutdown=3,
    ))  # fmt: skip
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    serving = loop.create_task(server.serve(sockets=[sock]))
    try:
        await core.start()
        while not server.started and not serving.done():
            await asyncio.sleep(0.005)
        print(json.dumps({"ready": "synccore", "port": sock.getsockname()[1]}), flush=True)
        await serving
    finally:
        server.should_exit = True
        await serving
        await core.close()
    structlog.get_logger("core").info("stopped")


if __name__ == "__main__":
    sys.exit(main(os.environ))
