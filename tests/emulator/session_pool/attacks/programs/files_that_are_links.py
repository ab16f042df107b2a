"""Leaves links to files and folders of the machine in its data folder."""

import os

import target

links = {
    "link": target.HOST_FILE,
    "linked": target.HOST_FOLDER,
    "passwd": "/etc/passwd",
    "home": target.HOME,
    "up": "../../../../..",
    "loop": "loop",
    "environ": "/proc/self/environ",
}
for name, leads_to in links.items():
    os.symlink(leads_to, f"/mnt/data/{name}")
os.makedirs("/mnt/data/in/deeper")
os.symlink(target.HOST_FOLDER, "/mnt/data/in/deeper/linked")
os.symlink("../in/deeper/linked", "/mnt/data/chain")
target.tried()
