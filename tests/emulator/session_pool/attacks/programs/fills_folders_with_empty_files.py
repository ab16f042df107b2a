"""Makes files without content, which no limit of bytes counts, where a folder takes more than its session may have."""

import os

import target

for folder in target.writable_folders():
    room = os.statvfs(folder).f_files
    if room and room <= 250_000:
        continue  # the kernel counts them there
    made = 0
    try:
        for made in range(1, 5001):
            os.close(os.open(os.path.join(folder, f"empty-{made}"), os.O_CREAT | os.O_WRONLY))
    except OSError:
        pass
    if made == 5000:
        target.breached(f"{folder} takes {room:,} files")
        break
target.tried()
