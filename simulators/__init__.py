"""Stateful stand-ins of the vendors' systems; each speaks its vendor's own protocol."""
