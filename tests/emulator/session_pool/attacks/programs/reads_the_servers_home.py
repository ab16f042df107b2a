"""Reads what the user who runs the server keeps in the home folder: keys and tokens."""

import os

import target

for name in (".azure/token", ".ssh/id_ed25519"):
    target.read(os.path.join(target.HOME, name))
for folder, _, files in os.walk(target.HOME):
    for name in files:
        target.read(os.path.join(folder, name))
target.tried()
