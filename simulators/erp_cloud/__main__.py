"""Serve the cloud ERP on a socket: `python -m simulators.erp_cloud`."""

from simulators.erp_cloud import create
from simulators.kit.server import main

if __name__ == "__main__":
    main(create)
