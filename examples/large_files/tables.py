"""The files of the demo: generated sales by region, and their sums to compare with."""

import hashlib
import random
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

from openpyxl import Workbook

REGIONS = ("North", "South", "East", "West")
HEADER = ("day", "region", "product", "units", "price")


def rows(count: int, seed: int) -> list[tuple[str, str, str, int, float]]:
    """Plausible sales, the same for the same seed."""
    chance = random.Random(seed)
    first = date(2020, 1, 1)
    days = [(first + timedelta(days=number)).isoformat() for number in range(2000)]
    products = [f"product-{number:04}" for number in range(500)]
    choose, units, price = chance.choice, chance.randrange, chance.random
    return [
        (choose(days), choose(REGIONS), choose(products), units(1, 100), round(price() * 90 + 10, 2))
        for _ in range(count)
    ]


def write_csv(path: Path, count: int) -> Counter[str]:
    """Write the file. Returns the units by region."""
    sums: Counter[str] = Counter()
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(HEADER) + "\n")
        for block in range(0, count, 100_000):
            for row in rows(min(100_000, count - block), seed=block):
                sums[row[1]] += row[3]
                file.write(f"{row[0]},{row[1]},{row[2]},{row[3]},{row[4]:.2f}\n")
    return sums


def write_excel(path: Path, count: int) -> Counter[str]:
    """Write the file. Returns the units by region."""
    sums: Counter[str] = Counter()
    book = Workbook(write_only=True)
    sheet = book.create_sheet("sales")
    sheet.append(HEADER)
    for row in rows(count, seed=-1):
        sums[row[1]] += row[3]
        sheet.append(row)
    book.save(path)
    return sums


def write_repeated_csv(path: Path, size: int, block_rows: int) -> tuple[Counter[str], str]:
    """Write about `size` bytes, which repeat the same rows. Return the units by region, and the SHA-256 of the file."""
    block = rows(block_rows, seed=-2)
    text = "".join(f"{row[0]},{row[1]},{row[2]},{row[3]},{row[4]:.2f}\n" for row in block).encode()
    repetitions = max(1, size // len(text))
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for piece in (f"{','.join(HEADER)}\n".encode(), *[text] * repetitions):
            file.write(piece)
            digest.update(piece)
    sums: Counter[str] = Counter()
    for row in block:
        sums[row[1]] += row[3] * repetitions
    return sums, digest.hexdigest()
