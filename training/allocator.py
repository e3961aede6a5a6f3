"""Make glibc keep the memory that torch frees."""

import ctypes
from functools import cache

# From glibc's malloc.h; mallopt(3).
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3


@cache
def keep_freed_memory() -> None:
    """Reuse freed memory instead of giving it back to the kernel after every operation.

    By default each large tensor is mapped anew and its pages are zeroed again on first touch, which
    slows a network on a CPU. The process keeps its peak of memory until it ends. Without glibc
    nothing happens.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_M_MMAP_THRESHOLD, 1 << 30)
    mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)
