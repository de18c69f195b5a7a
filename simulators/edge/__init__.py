"""The edge: vendor host names over TLS lead to the simulators, so that SDKs which form them work unchanged."""
