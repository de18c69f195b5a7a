"""Several processes for independent work: each a fork of this one, none of which minds Ctrl-C, for that is ours."""

import multiprocessing
import signal
from multiprocessing.pool import Pool


def crew(workers: int) -> Pool:
    """So many processes; leaving it as a context ends them, whatever they are at."""
    return multiprocessing.get_context("fork").Pool(workers, _leave_interrupts_to_the_parent)


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
