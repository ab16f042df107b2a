"""Gives files names that are not text, have several lines, or are as long as possible."""

import os

import target

for name in (
    *(
        b"x" * 255,
        b"\xff\xfe",
        b"line\nline",
        b"\r\n\r\n<html>",
        b"\x1b[2J",
        b" ",
        b"-rf",
        b"--",
        b"...",
        b"\\",
        b"a\tb",
    ),
    *(
        "\u202egpj.exe".encode(),
        "\U0001f600".encode() * 60,
        b"\xed\xa0\x80",
        b'"}],"value":[',
        b"%00",
        b"con.txt",
        b"\x7f",
    ),
):
    open(b"/mnt/data/" + name, "w").close()
    os.makedirs(b"/mnt/data/in/" + name, exist_ok=True)
target.tried()
