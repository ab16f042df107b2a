import re
import unicodedata
from collections import defaultdict
from datetime import date, timedelta

import pandas as pd

FILE = "/mnt/data/dates.csv"
DATE = "date"
SOURCE = "source"  # rows of one source write dates in the same order; None if the file has no such column
EXCEL_DAYS = range(20_000, 80_000)  # bare numbers in this range are days as Excel counts them: the years 1954 to 2118
OUTPUT = "/mnt/data/dates_clean.csv"

MONTH_NAMES = """
january february march april may june july august september october november december
januar februar maerz april mai juni juli august september oktober november dezember
janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
januari februari maart april mei juni juli augustus september oktober november december
stycznia lutego marca kwietnia maja czerwca lipca sierpnia wrzesnia pazdziernika listopada grudnia
janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro
jan feb mar apr may jun jul aug sep oct nov dec
"""
MONTHS = {name: i for line in MONTH_NAMES.split("\n") for i, name in enumerate(line.split(), 1)} | {"marz": 3}

from reading import read

table = read(FILE, *filter(None, (DATE, SOURCE)), dtype=str, keep_default_na=False)


def plain(text: str) -> str:
    """Lower case without accents: 'Août' and 'AOUT' are one word."""
    return "".join(
        c for c in unicodedata.normalize("NFKD", text.lower().replace("ł", "l")) if not unicodedata.combining(c)
    )


def day(year: int, month: int, day_of_month: int) -> date | None:
    if year < 100:  # 26 is 2026, 99 is 1999: no year more than ten years ahead
        year += 2000 if 2000 + year <= date.today().year + 10 else 1900
    try:
        return date(year, month, day_of_month)
    except ValueError:
        return None


def readings(text: str) -> tuple[str, dict[str, date]]:
    """How the text is written, and every date that it can mean, by the order of day and month."""
    text = re.sub(r"\d\d?:\d\d(:\d\d)?(\.\d+)?", " ", plain(text))  # without the time
    if match := re.search(r"\b(\d{4})([-/.])(\d\d?)\2(\d\d?)", text):
        found = {"year first": day(int(match[1]), int(match[3]), int(match[4]))}
        return "year-month-day", {order: value for order, value in found.items() if value}
    if match := re.fullmatch(r"\d{5}(?:\.\d+)?", text.strip()):
        days = int(float(text))
        return "Excel number", {"days": date(1899, 12, 30) + timedelta(days)} if days in EXCEL_DAYS else {}
    words = re.findall(r"[a-z]+|\d+", text)
    names = [MONTHS[word] for word in words if word in MONTHS]
    numbers = [int(word) for word in words if word.isdigit()]
    if len(names) == 1 and len(numbers) >= 2:
        value = day(numbers[1], names[0], numbers[0]) if numbers[0] <= 31 else day(numbers[0], names[0], numbers[1])
        return "month name", {"name": value} if value else {}
    if match := re.search(r"\b(\d\d?)([./-])(\d\d?)\2(\d{4}|\d\d)\b", text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        found = {"day first": day(year, second, first), "month first": day(year, first, second)}
        if match[2] == ".":  # no country writes the month first with points
            found["month first"] = None
        return f"numbers with {match[2]}", {order: value for order, value in found.items() if value}
    return ("empty" if not text.strip() else "not understood"), {}


table["written as"], found = zip(*(readings(text) for text in table[DATE]))

# A date such as 13/01 proves its order. It holds for the other dates of the same source, unless two dates contradict.
proven = defaultdict(set)
sources = table[SOURCE] if SOURCE else [""] * len(table)
for source, possible in zip(sources, found):
    if len(possible) == 1 and set(possible) <= {"day first", "month first"}:
        proven[source] |= set(possible)

dates, states = [], []
for source, possible in zip(sources, found):
    distinct = set(possible.values())
    order = proven[source] if len(proven[source]) == 1 else set()
    if len(distinct) == 1:
        dates.append(distinct.pop())
        states.append("certain")
    elif distinct and order:
        dates.append(possible[next(iter(order))])
        states.append(f"{next(iter(order))}, as other dates of this source")
    else:
        dates.append(None)
        states.append(f"ambiguous: {' or '.join(str(value) for value in sorted(distinct))}" if distinct else "no date")
table["clean date"], table["state"] = dates, states
table.to_csv(OUTPUT, index=False)

open_cases = table[table["clean date"].isna()]
known = sorted(filter(None, dates))
print(
    f"{len(known)} of {len(table)} dates are clean{f', between {known[0]} and {known[-1]}' if known else ''}. "
    f"{sum('other dates' in state for state in states)} of them follow the order that "
    f"other dates of their source prove. {len(open_cases)} need a decision:"
)
for _, row in open_cases.head(20).iterrows():
    print(f"  {row[SOURCE] if SOURCE else 'row'}: {row[DATE]!r} is {row['state']}")

summary = table.assign(day=table["clean date"].astype(str)).groupby("written as")
summary = summary.agg(Rows=(DATE, "size"), Example=(DATE, "first"), Meaning=("day", "first"))
summary.sort_values("Rows", ascending=False).rename_axis("Written as").reset_index()
