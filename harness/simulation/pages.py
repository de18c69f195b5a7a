"""Memory in huge pages: one entry in the table of pages for 512, so that a fork copies few of them, and the processor
has those at hand that a run needs: it touches memory all over.
"""

import ctypes
import re
from pathlib import Path

_COLLAPSE = 25  # MADV_COLLAPSE of Linux 6.1 and later (linux/mman.h)
_HUGE = 2 << 20  # bytes
_MAPS = Path("/proc/self/maps")
_ANONYMOUS = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) rw-p 00000000 00:00 0\s*(?:\[heap\])?$", re.MULTILINE)


def gather() -> None:
    """Have the kernel put what this process holds into huge pages; where it cannot, all stays as it is."""
    if not _MAPS.exists():
        return
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    for found in _ANONYMOUS.finditer(_MAPS.read_text()):
        begin, end = (int(address, 16) for address in found.groups())
        begin, end = -(-begin // _HUGE) * _HUGE, end // _HUGE * _HUGE
        if begin < end:
            advise(begin, end - begin, _COLLAPSE)
