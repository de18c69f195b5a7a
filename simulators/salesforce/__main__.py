"""Serve the Salesforce stand-in on real sockets: HTTP, HTTPS, and gRPC for the Pub/Sub API."""

from simulators.kit.server import main
from simulators.salesforce import create
from simulators.salesforce.serving import serve_beside

if __name__ == "__main__":
    main(create, serve_beside)
