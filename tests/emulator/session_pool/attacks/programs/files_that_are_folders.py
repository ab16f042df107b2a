"""Leaves folders where files are expected, and files where folders are."""

import os

import target

os.makedirs("/mnt/data/file.txt/below")
open("/mnt/data/folder", "w").close()
open("/mnt/data/file.txt/below/x", "w").close()
target.tried()
