import hashlib

import pandas as pd

# Not all rows at once: the session has less memory than that needs.
parts = pd.read_csv("/mnt/data/sales.csv", usecols=["day", "region", "units"], chunksize=1_000_000)
sums = pd.concat(part.groupby(["day", "region"])["units"].sum() for part in parts).groupby(level=[0, 1]).sum()
sums.to_csv("/mnt/data/daily_sums.csv")

with open("/mnt/data/sales.csv", "rb") as file:
    digest = hashlib.file_digest(file, "sha256").hexdigest()
{"units": {region: int(count) for region, count in sums.groupby(level=1).sum().items()}, "sha256": digest}
