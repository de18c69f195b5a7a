"""The live sandbox: simulators and core as child processes on real sockets, started, watched and ended together."""

from harness.stack.launch import Plan, launch
from harness.stack.problem import StackProblem
from harness.stack.world import LiveWorld

__all__ = ["LiveWorld", "Plan", "StackProblem", "launch"]
