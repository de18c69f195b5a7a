"""`python -m harness.cli` is the same as `windtunnel`."""

from harness.cli import main

main()
