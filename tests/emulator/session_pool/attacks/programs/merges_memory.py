"""Has the kernel merge its memory with equal memory of others, which shows in time what those have."""

import mmap

import target

if target.libc.prctl(67, 1, 0, 0, 0) == 0:  # PR_SET_MEMORY_MERGE
    target.breached("has all its memory merged")
page = mmap.mmap(-1, mmap.PAGESIZE)
try:
    page.madvise(12)  # MADV_MERGEABLE
    target.breached("has some of its memory merged")
except OSError:
    pass
if target.libc.prctl(62, 1, 1, 0, 0) == 0:  # PR_SCHED_CORE, of its init
    target.breached("runs together with its init only")
target.tried()
