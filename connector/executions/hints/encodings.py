"""Which encoding bytes of text are likely to have."""

import re

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_SCRIPTS = {
    "shift_jis": re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\u3000-\u303f\uff00-\uffef]"),
    "euc_kr": re.compile(r"[\uac00-\ud7a3]"),
    "gb18030": re.compile(r"[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef]"),
    "big5": re.compile(r"[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef]"),
    "cp1251": re.compile(r"[\u0410-\u044f\u0451\u0401]"),
}
_KANA = re.compile(r"[\u3041-\u30fe]")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_LATIN = re.compile(
    r"[\u00a0-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u2013\u2014\u2018-\u201e\u2022\u2026\u20ac\u2122]"
)
_LONE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff]{1,2}(?![\x80-\xff])")
_RUNS = re.compile(rb"[\x80-\xff]+")


def likely_encoding(head: bytes, sample: bytes) -> str | None:
    """`head` is the beginning of the file, `sample` a part of it that is not ASCII. None if it is not text."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if sample.count(0) > len(sample) // 4:
        return "utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"
    if sum(byte < 32 and byte not in b"\t\n\r\f" for byte in sample) > len(sample) // 20:
        return None
    runs = _RUNS.findall(sample)
    if not runs:
        return "cp1252"
    if all(len(run) <= 2 for run in runs) and _is_between_ascii(sample):
        return "cp1252"  # single letters with accents among ASCII
    best = max(_SCRIPTS, key=lambda encoding: _score(encoding, sample))
    return best if _score(best, sample) > 0.9 else "cp1252"


def _is_between_ascii(sample: bytes) -> bool:
    """Whether most runs of other bytes touch an ASCII letter, as accents do in words of European languages."""
    lone = list(_LONE.finditer(sample))
    touching = sum(
        sample[max(0, found.start() - 1) : found.start()].isalpha() or sample[found.end() : found.end() + 1].isalpha()
        for found in lone
    )
    return bool(lone) and touching * 2 >= len(lone)


def _score(encoding: str, sample: bytes) -> float:
    """The share of characters that the encoding's script has, of those that are not ASCII."""
    text = sample.decode(encoding, "replace")
    others = _NOT_ASCII.findall(text)
    if not others:
        return 0.0
    share = sum(_SCRIPTS[encoding].match(character) is not None for character in others) / len(others)
    if encoding == "shift_jis" and not _KANA.search(text):
        share -= 0.2  # Japanese is never without kana for long
    if encoding in ("gb18030", "big5", "euc_kr"):
        share -= _rare(encoding, sample) * 0.5
    if encoding == "cp1251":
        words = re.findall(r"[\u0410-\u044f\u0451\u0401]{2,}", text)
        natural = sum(word[1:].islower() or word.isupper() for word in words)
        share -= 0.3 * (1 - natural / len(words)) if words else 0.3
    return share


def _rare(encoding: str, sample: bytes) -> float:
    """The share of double bytes outside of the rows of common characters."""
    common = {"gb18030": (0xB0, 0xD7), "big5": (0xA4, 0xC6), "euc_kr": (0xB0, 0xC8)}[encoding]
    pairs = re.findall(rb"[\x81-\xfe][\x40-\xfe]", sample)
    outside = sum(not (common[0] <= pair[0] <= common[1] or pair[0] in (0xA1, 0xA3)) for pair in pairs)
    return outside / len(pairs) if pairs else 1.0
