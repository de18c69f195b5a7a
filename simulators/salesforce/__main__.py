"""Serve the Salesforce stand-in on a real socket."""

from simulators.kit.server import main
from simulators.salesforce import create

main(create)
