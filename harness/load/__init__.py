"""Bring a company's own export into the sandbox: read, place by a mapping, say what cannot be placed, load."""
