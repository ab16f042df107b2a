"""Reads the settings with secrets next to the emulator's package."""

import os

import target

target.read(os.path.join(target.REPOSITORY, "local.settings.json"))
package = os.path.dirname(os.path.abspath(__import__("emulator").__file__))
for folder in (target.REPOSITORY, package, os.path.join(package, "..")):
    try:
        names = os.listdir(folder)
    except OSError:
        continue
    for name in names:
        target.read(os.path.join(folder, name))
target.tried()
