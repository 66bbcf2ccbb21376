"""The days on which the company works."""

from __future__ import annotations

import datetime

from dateutil.easter import easter

_FIXED = {(1, 1), (12, 25), (12, 26)}


def is_working_day(day: datetime.date) -> bool:
    """Return whether the company works on a day."""
    days_after_easter = (day - easter(day.year)).days
    return day.weekday() < 5 and (day.month, day.day) not in _FIXED and days_after_easter not in (-2, 1)
