"""Matches a regular expression that takes longer than the universe."""

import re

import target

target.tried()
re.match(r"(a+)+$", "a" * 64 + "b")
