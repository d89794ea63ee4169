"""Calls in a thread that may read only what the modes of files allow, whoever runs the tests."""

import ctypes
import os
from concurrent.futures import ThreadPoolExecutor

_VERSION_3 = 0x20080522
_READS_ALL = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: see capabilities(7)


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("thread", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def _give_up():
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = _Header(_VERSION_3, 0), (_Sets * 2)()
    for call in (libc.capget, libc.capset):
        if call(ctypes.byref(header), sets):
            raise OSError(ctypes.get_errno(), "the capabilities of this thread cannot be changed")
        sets[0].effective &= ~_READS_ALL
        sets[0].permitted &= ~_READS_ALL


def without_privileges(call):
    """What ``call()`` returns or raises in such a thread; only the superuser has something to give up."""
    with ThreadPoolExecutor(1, initializer=_give_up if os.geteuid() == 0 else None) as thread:
        return thread.submit(call).result()
