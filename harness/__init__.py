"""Runs systems and core, disturbs them, and judges from their books."""
