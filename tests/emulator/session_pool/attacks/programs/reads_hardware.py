"""Reads the machine's properties in /sys: serial numbers, firmware, addresses, disks and security modules."""

import os

import target

for path in (
    *("/sys/class/dmi/id/product_uuid", "/sys/class/dmi/id/sys_vendor", "/sys/class/net/lo/address"),
    *("/sys/kernel/notes", "/sys/kernel/mm/transparent_hugepage/enabled"),
    *("/sys/firmware/acpi/tables/DSDT", "/sys/kernel/security/lsm", "/sys/kernel/debug", "/sys/block"),
    "/sys/fs/cgroup/cgroup.controllers",
):
    try:
        names = os.listdir(path) if os.path.isdir(path) else []
    except OSError:
        names = []
    if target.read(path) or names:
        target.breached(f"read {path}")
target.tried()
