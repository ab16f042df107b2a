"""The formats of images that models read: whether bytes have the structure of one, completely, and its size.

Sources: PNG, W3C, third edition, section 5; JPEG, ITU-T T.81, annex B; GIF89a, sections 17 to 27; WebP, RFC 9649. The
pixels are not decoded, which could take any time and memory.
"""

import zlib

Sides = tuple[int, int]
"""Width and height in pixels."""


def image_format(content: bytes) -> tuple[str, Sides] | None:
    """The media type and the sides. None for what is not a complete image of these formats."""
    for media_type, read in _FORMATS.items():
        sides = read(content)
        if sides is not None:
            return media_type, sides
    return None


def _png(content: bytes) -> Sides | None:
    """Chunks with valid checksums, from IHDR to IEND, with data between them."""
    if not content.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    kinds, at = [], 8
    while at + 12 <= len(content):
        end = at + 8 + int.from_bytes(content[at : at + 4], "big")
        if content[end : end + 4] != zlib.crc32(content[at + 4 : end]).to_bytes(4, "big"):
            return None
        kinds.append(content[at + 4 : at + 8])
        at = end + 4
    if at != len(content) or kinds[:1] != [b"IHDR"] or kinds[-1:] != [b"IEND"] or b"IDAT" not in kinds:
        return None
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


def _jpeg(content: bytes) -> Sides | None:
    """Segments up to that of a scan, after one with the size, and a later end of the image. Cameras write more after
    the end.
    """
    if not content.startswith(b"\xff\xd8"):
        return None
    sides, at = None, 2
    while content[at : at + 1] == b"\xff" and at + 4 <= len(content):
        marker = content[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        if marker == 0xDA:
            return sides if content.find(b"\xff\xd9", at) > 0 else None
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            sides = int.from_bytes(content[at + 7 : at + 9], "big"), int.from_bytes(content[at + 5 : at + 7], "big")
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return None


def _gif(content: bytes) -> Sides | None:
    """Blocks of images and extensions, each with its sub-blocks, up to the trailer."""
    if content[:6] not in (b"GIF87a", b"GIF89a") or not content.endswith(b";"):
        return None
    at, kinds = 13 + _colors(content, 10), b""
    while (kind := content[at : at + 1]) in (b"!", b","):
        at += 2 if kind == b"!" else 11 + _colors(content, at + 9)
        while size := int.from_bytes(content[at : at + 1], "big"):
            at += 1 + size
        at += 1
        kinds += kind
    if at != len(content) - 1 or b"," not in kinds:
        return None
    return int.from_bytes(content[6:8], "little"), int.from_bytes(content[8:10], "little")


def _colors(content: bytes, at: int) -> int:
    """The bytes of the color table that the flags at this place announce."""
    flags = int.from_bytes(content[at : at + 1], "big")
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _webp(content: bytes) -> Sides | None:
    """The first chunk has the size, in one of three forms. Of an odd number of bytes, a padding one may follow."""
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP" or len(content) < 30:
        return None
    if int.from_bytes(content[4:8], "little") + 8 not in (len(content), len(content) - 1):
        return None
    match content[12:16]:
        case b"VP8 " if content[23:26] == b"\x9d\x01\x2a":
            words = int.from_bytes(content[26:28], "little"), int.from_bytes(content[28:30], "little")
            return words[0] & 0x3FFF, words[1] & 0x3FFF
        case b"VP8L" if content[20] == 0x2F:
            bits = int.from_bytes(content[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return int.from_bytes(content[24:27], "little") + 1, int.from_bytes(content[27:30], "little") + 1
    return None


_FORMATS = {"image/png": _png, "image/jpeg": _jpeg, "image/gif": _gif, "image/webp": _webp}
