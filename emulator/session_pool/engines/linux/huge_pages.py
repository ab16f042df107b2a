"""Reduces the number of page table entries, which every fork copies one by one."""

import ctypes

_MADV_COLLAPSE = 25  # Linux 6.1
_HUGE_BYTES = 2 << 20  # with pages of 4 KiB; if they are larger, the kernel refuses

_libc = ctypes.CDLL(None, use_errno=True)


def collapse() -> None:
    """Collapses this process's own memory into huge pages, if the kernel supports that.

    A session that writes to one gets a copy of the 4 KiB that it wrote to, as with any other page.
    """
    try:
        with open("/proc/self/maps") as file:
            lines = file.readlines()
    except OSError:
        return
    for line in lines:
        addresses, rights, _, _, _, *name = line.split()
        if rights == "rw-p" and name in ([], ["[heap]"]):
            start, end = (int(address, 16) for address in addresses.split("-"))
            for address in range(-(-start // _HUGE_BYTES) * _HUGE_BYTES, end - _HUGE_BYTES + 1, _HUGE_BYTES):
                # The kernel refuses a range that holds nothing yet, so each is tried on its own.
                _libc.madvise(ctypes.c_void_p(address), ctypes.c_size_t(_HUGE_BYTES), _MADV_COLLAPSE)
