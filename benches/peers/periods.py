"""The days and periods of the report as of 2026-11-01, the same for every peer."""

MONTH_ENDS = [
    "2025-10-31", "2025-11-30", "2025-12-31", "2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30",
    "2026-05-31", "2026-06-30", "2026-07-31", "2026-08-31", "2026-09-30", "2026-10-31",
]
QUARTER_ENDS = ["2025-09-30", "2025-12-31", "2026-03-31", "2026-06-30", "2026-09-30"]

# Days at which some period begins or ends; figures of day n are called d0, d1, ...
DAYS = sorted(set(MONTH_ENDS + QUARTER_ENDS))

# What a period is called, the day before it, its last day: as places in DAYS.
PERIODS = [
    ("month|" + close[:7], DAYS.index(open_), DAYS.index(close))
    for open_, close in zip(MONTH_ENDS, MONTH_ENDS[1:])
] + [
    (f"quarter|{close[:4]}-Q{int(close[5:7]) // 3}", DAYS.index(open_), DAYS.index(close))
    for open_, close in zip(QUARTER_ENDS, QUARTER_ENDS[1:])
]

# The year up to the report, and the month before the shop's first one, counted from year 0.
RECENT = "2025-11-01"
FIRST_MONTH = 2021 * 12 + 11
MONTHS = 60
