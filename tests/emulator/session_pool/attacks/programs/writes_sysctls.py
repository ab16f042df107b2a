"""Opens the kernel's settings for writing: what runs at a crash, what loads modules, and what restarts the machine."""

import os

import target

# Opened and not written: what a hole would let through must not happen to the machine.
for path in (
    *("kernel/core_pattern", "kernel/modprobe", "kernel/hotplug", "kernel/sysrq", "kernel/panic", "kernel/printk"),
    *("kernel/hostname", "kernel/ns_last_pid", "kernel/randomize_va_space", "fs/binfmt_misc/register"),
    *(
        "fs/protected_hardlinks",
        "vm/overcommit_memory",
        "vm/drop_caches",
        "net/ipv4/ip_forward",
        "user/max_user_namespaces",
    ),
    *("../sysrq-trigger", "../self/uid_map", "../self/setgroups", "../1/oom_score_adj", "../irq/default_smp_affinity"),
):
    try:
        os.close(os.open(os.path.normpath(f"/proc/sys/{path}"), os.O_WRONLY))
    except OSError:
        continue
    if path not in ("../self/uid_map", "../self/setgroups"):  # its own, which it has no right to fill
        target.breached(f"opened {path}")
for name, text in (("uid_map", "0 0 1"), ("gid_map", "0 0 1"), ("oom_score_adj", "-1000")):
    try:
        with open(f"/proc/self/{name}", "w") as own:
            own.write(text)
    except OSError:
        continue
    target.breached(f"wrote its {name}")
target.tried()
