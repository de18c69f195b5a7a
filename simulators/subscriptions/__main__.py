"""Serve the subscription platform: `python -m simulators.subscriptions --port 0`."""

from simulators.kit.server import main
from simulators.subscriptions import create

main(create)
