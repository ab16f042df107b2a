import os
import re
from collections import Counter
from datetime import datetime, timedelta

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import pandas as pd

FILE = "/mnt/data/server.log"
# An entry begins with this; lines that do not match, such as those of a stack trace, belong to the entry before.
ENTRY = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d+ - (\w+) +\[(.*?)\] - (.*)")
TIME = "%Y-%m-%d %H:%M:%S"
PROBLEMS = {"WARN", "ERROR", "FATAL"}
PER = 18  # characters of the time that are counted together: 18 is 10 seconds, 16 a minute, 13 an hour, 10 a day
SHOWN = 8
OUTPUT = "/mnt/data/problems.csv"

# What differs from entry to entry is replaced, the most special first, so that one kind of problem has one pattern.
VARIABLES = [
    (re.compile(r"https?://\S+"), "{url}"),
    (re.compile(r"/?\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?"), "{address}"),
    (re.compile(r"\b0x[0-9a-f]+\b|\b[0-9a-f]{8}-[0-9a-f-]{27}\b", re.I), "{id}"),
    (re.compile(r"\d+"), "{n}"),
]
EXCEPTION = re.compile(r"(?:Caused by: )?[\w.$]*?(\w+(?:Exception|Error)\b.*)")

# One entry at a time is held in memory, and one line of counts per pattern: a file of any size can be read.
total, first, last, example = Counter(), {}, {}, {}
per_period: Counter[tuple[str, str]] = Counter()
entries, lines, first_lines = 0, 0, []
levels: Counter[str] = Counter()


def record(time: str, level: str, source: str, message: str, exception: str) -> None:
    pattern = exception or f"{level} {message}"
    for expression, name in VARIABLES:
        pattern = expression.sub(name, pattern)
    # The source is the class at the end of the brackets; the thread before it differs each time.
    key = f"{pattern[:100]} [{source.rpartition(':')[2].partition('@')[0]}]"
    total[key] += 1
    per_period[key, time[:PER]] += 1
    first.setdefault(key, time)
    last[key] = time
    example.setdefault(key, message)


pending: tuple[str, str, str, str] | None = None
exception = ""
with open(FILE, encoding="utf-8", errors="replace") as log:
    for line in log:
        lines += 1
        if lines <= 3:
            first_lines.append(line[:200])
        if line[:1].isdigit() and (match := ENTRY.match(line)):
            if pending:
                record(*pending, exception)
            time, level, source, message = match.groups()
            entries += 1
            levels[level] += 1
            pending, exception = ((time, level, source, message), "") if level in PROBLEMS else (None, "")
        elif pending and line[:1] not in "\t " and (match := EXCEPTION.match(line)):
            exception = match[1].strip()  # of a chain of causes, the last one is the root
if pending:
    record(*pending, exception)
if not entries:
    raise ValueError(f"No line of {FILE} begins as ENTRY says. The first lines are {first_lines}.")

if not total:
    raise ValueError(f"No entry has one of the levels {sorted(PROBLEMS)}. The file has {dict(levels)}.")

problems = pd.DataFrame(
    {"Problem": key, "Times": times, "First": first[key], "Last": last[key], "Example": example[key]}
    for key, times in total.most_common()
)
problems.to_csv(OUTPUT, index=False)

count = problems["Times"].sum()
periods: Counter[str] = Counter()
for (_, period), times in per_period.items():
    periods[period] += times


def moment(period: str) -> datetime:
    return datetime.strptime(period + "0001-01-01 00:00:00"[len(period) :], TIME)


by_level = ", ".join(f"{levels[level]:,} {level}" for level in sorted(PROBLEMS) if levels[level])
worst, in_worst = min(periods.items(), key=lambda item: (-item[1], item[0]))
print(
    f"{os.path.getsize(FILE) / 1e6:.1f} MB, {lines:,} lines, {entries:,} entries: {count:,} are problems "
    f"({by_level}) of {len(problems)} kinds. "
    f"The most frequent, {problems['Times'].iloc[0] / count:.0%} of all: {problems['Problem'].iloc[0]}. "
    f"Most at once: {in_worst:,} from {moment(worst)} on."
)
rare = problems[problems["Times"] == 1]
print(f"{len(rare)} kinds happened once. They are easily missed, and are in {os.path.basename(OUTPUT)} too.")

# A strip per problem, on one time axis: what began together has often one cause.
shown = problems.head(SHOWN)
moments = sorted(map(moment, periods))
begin, end = moments[0], max(moments[-1], moments[0] + timedelta(seconds=60))
figure, strips = plt.subplots(
    len(shown), 1, figsize=(9, 0.72 * len(shown) + 0.7), sharex=True, layout="constrained", squeeze=False
)
for axes, (_, problem) in zip(strips[:, 0], shown.iterrows()):
    of_problem = {period: times for (key, period), times in per_period.items() if key == problem["Problem"]}
    axes.hist(
        [moment(period) for period in of_problem],
        bins=60,
        range=(begin, end),
        weights=list(of_problem.values()),
        color="#c2571a",
    )
    axes.set_title(
        f"{problem['Problem'][:95]}   {problem['Times']:,}×", loc="left", fontsize=9, pad=2, parse_math=False
    )
    axes.set_yticks([])
    axes.spines[["top", "right", "left"]].set_visible(False)
locator = mdates.AutoDateLocator()
strips[-1, 0].xaxis.set_major_locator(locator)
strips[-1, 0].xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
figure.suptitle(
    f"The {len(shown)} most frequent problems over time, each with its own scale", x=0.01, ha="left", fontsize=12
)
plt.show()

shown[["Problem", "Times", "First", "Last"]]
