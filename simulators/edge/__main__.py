"""Serve the edge: `python -m simulators.edge --system salesforce=http://127.0.0.1:7700 …`; one JSON line when ready."""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from simulators.edge.front import Front
from simulators.edge.tunnel import HEAD_MAX, Tunnel
from simulators.kit.authority import Authority
from simulators.kit.server import bound_socket, fast_loop


def system(text: str) -> tuple[str, str]:
    """NAME=URL."""
    name, equals, url = text.partition("=")
    if not equals or not url.startswith("http://"):
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=http://HOST:PORT")
    return name, url.rstrip("/")


async def serve(args: argparse.Namespace) -> None:
    """Run until SIGTERM or SIGINT."""
    systems, authority = dict(args.system), Authority(args.folder)
    secure, plain = bound_socket(args.host, args.tls_port), bound_socket(args.host, args.port)
    front = Front(systems)
    await front.start(secure, authority.context())
    tls_port = secure.getsockname()[1]
    tunnel = Tunnel(systems, args.host, tls_port)
    server = await asyncio.start_server(tunnel, sock=plain, limit=HEAD_MAX)
    facts = {
        "ready": "edge", "port": plain.getsockname()[1], "tls_port": tls_port,
        "ca": str(authority.certificate.absolute()),
    }  # fmt: skip
    print(json.dumps(facts), flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        server.close()
        await front.close()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m simulators.edge")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="of the CONNECT proxy; 0 takes a free one")
    parser.add_argument("--tls-port", type=int, default=0, help="of https itself, for clients that may choose a host")
    parser.add_argument("--folder", type=Path, required=True, help="keeps the certificate authority")
    parser.add_argument("--system", type=system, action="append", required=True, metavar="NAME=URL")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with asyncio.Runner(loop_factory=fast_loop) as runner:
            runner.run(serve(args))
    except OSError as error:
        sys.exit(f"simulators.edge: {error.strerror or error}")
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
