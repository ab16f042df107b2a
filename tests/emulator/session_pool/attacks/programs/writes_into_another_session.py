"""Writes into the folder of another session, where it can be found."""

import glob
import os

import target

patterns = ["/tmp/session-pool-*/*/data", "/tmp/session-pool-*/*", "/var/tmp/session-pool-*/*/data"]
patterns += [f"/proc/{pid}/{place}" for pid in target.strangers() for place in ("root/mnt/data", "cwd")]
own = os.stat("/mnt/data")
for folder in {found for pattern in patterns for found in glob.glob(pattern)}:
    try:
        if os.path.samestat(os.stat(folder), own) or os.stat(folder).st_ino == os.stat(os.getcwd()).st_ino:
            continue
        open(os.path.join(folder, target.MARK), "w").close()
        target.breached(f"wrote into {folder}")
    except OSError:
        pass
target.tried()
