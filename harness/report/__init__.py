"""Consumers of a run: terminal, JUnit, JSON lines; each shows the same events and verdicts in its own form."""
