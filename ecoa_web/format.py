"""Numbers, durations, money and times as people read them. static/js/format.js follows the same rules.

A text has a number and perhaps a unit, apart by a space that does not break; what is missing is a dash, 0 is dim.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

MISSING = "\N{EN DASH}"
SPACE = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Parts = list[tuple[str, str]]  # (number, unit)


def duration_parts(ms: float | None) -> Parts:
    """45 µs, 4.5 ms, 450 ms, 3.2 s, 4 m 10 s, 2 h 05 m, 3 d 4 h; the unit that reads best."""
    if ms is None or math.isnan(ms):
        return [(MISSING, "")]
    if ms < 0:
        (number, unit), *rest = duration_parts(-ms)
        return [(MINUS + number, unit), *rest]
    if 0 < ms < 0.9995:
        return [(f"{max(1, round(ms * 1000))}", "µs")]
    if ms < 999.5:
        return [(f"{ms:.1f}" if 0 < ms < 9.95 else str(round(ms)), "ms")]
    seconds = ms / 1000
    if seconds < 59.95:
        return [(f"{seconds:.1f}", "s")]
    return long_duration(round(seconds))


def long_duration(seconds: int) -> Parts:
    """A minute or more, as its two largest units."""
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if hours < 1:
        return [(str(minutes), "m"), (f"{seconds % 60:02}", "s")]
    if days < 1:
        return [(str(hours), "h"), (f"{minutes % 60:02}", "m")]
    return [(str(days), "d"), (str(hours % 24), "h")]


def count_parts(number: float | None) -> Parts:
    """7, 2,196, 12.3 k, 412 k, 1.2 M: whole below ten thousand, then three digits."""
    if number is None:
        return [(MISSING, "")]
    if number < 0:
        return [(MINUS + count_parts(-number)[0][0], count_parts(-number)[0][1])]
    if number < 9_999.5:
        return [(f"{round(number):,}", "")]
    scaled, unit = number / 1e3, "k"
    for larger in ("M", "G", "T"):
        if scaled < 999.5:
            break
        scaled, unit = scaled / 1e3, larger
    return [(f"{scaled:.1f}" if scaled < 99.95 else f"{scaled:.0f}", unit)]


def rate_parts(number: float | None) -> Parts:
    """Like a count, with a decimal while it is small: 0.4, 37.2, 412."""
    if number is None or not 0 < number < 99.95:
        return count_parts(number)
    return [(f"{number:.1f}" if number >= 0.095 else f"{number:.1g}", "")]


def percent_parts(share: float | None) -> Parts:
    """A share of 1: 0 %, <0.1 %, 14.2 %, 100 %."""
    if share is None or math.isnan(share):
        return [(MISSING, "")]
    points = share * 100
    if 0 < points < 0.05:
        return [("<0.1", "%")]
    if 99.95 <= points < 100:
        return [(">99.9", "%")]
    return [(f"{points:.0f}" if points in {0, 100} else f"{points:.1f}", "%")]


def money(dollars: float | None) -> str:
    """$0.47, $61.35, $1,234, $1.2 M, $0.0009; 0 for nothing."""
    if dollars is None:
        return MISSING
    if dollars == 0:
        return "0"
    if dollars < 0:
        return MINUS + money(-dollars)
    if dollars < 0.00005:
        return "<$0.0001"
    if dollars < 0.995:
        return f"${dollars:.{2 if dollars >= 0.0095 else 4}f}"
    return f"${dollars:.2f}" if dollars < 999.995 else "$" + text(count_parts(dollars))


def rate_usd(dollars: float | None) -> str:
    """A price of a million tokens: $0.25, $15, $0.0375; every digit it has, two where it has one."""
    if dollars is None:
        return MISSING
    number = f"{dollars:.9f}".rstrip("0").rstrip(".")
    return f"${number}0" if number[-2:-1] == "." else f"${number}"


def exact_usd(dollars: float | None) -> str:
    """Money with every digit that it has: $0.00005825, $12.50."""
    if dollars is None:
        return MISSING
    if dollars < 0:
        return MINUS + exact_usd(-dollars)
    number = f"{dollars:.12f}".rstrip("0")
    whole, _, fraction = number.partition(".")
    return f"${int(whole):,}.{fraction:0<2}"


def text(parts: Parts) -> str:
    """Parts as plain text."""
    return " ".join(SPACE.join(part).strip(SPACE) for part in parts)


def html(parts: Parts) -> SafeString:
    """Parts with dim units; nothing and 0 are dim as a whole."""
    number, unit = parts[0]
    if len(parts) == 1 and number in {MISSING, "0"}:
        return format_html('<span class="zero">{}</span>', text(parts))
    return (
        format_html_join(
            mark_safe(" "),
            '{}<span class="unit">{}</span>',
            ((number, SPACE + unit if unit else "") for number, unit in parts),
        )
        if unit
        else SafeString(number)
    )


def money_html(dollars: float | None, *, unpriced: bool = False) -> SafeString:
    """Money; dim when it is nothing, and `unpriced` when calls were made whose price is not known."""
    if not dollars and unpriced:
        return mark_safe('<span class="zero">unpriced</span>')
    shown = money(dollars)
    return format_html('<span class="zero">{}</span>', shown) if shown in {MISSING, "0"} else SafeString(shown)


def clock(at: datetime, *, style: str) -> str:
    """A time in the reader's zone: time 13:59:41.550, short 13:59, minute and second with their date unless today."""
    local = at.astimezone(timezone.get_current_timezone())
    if style == "time":
        return f"{local:%H:%M:%S}.{local.microsecond // 1000:03}"
    if style == "short":
        return f"{local:%H:%M}"
    if style == "date":
        return f"{local:%Y-%m-%d}"
    hours = f"{local:%H:%M:%S}" if style == "second" else f"{local:%H:%M}"
    today = datetime.now(UTC).astimezone(local.tzinfo).date()
    return hours if local.date() == today else f"{local:%Y-%m-%d} {hours}"


def exact(at: datetime) -> str:
    """A time for the hover: UTC, as exact as it is known."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f} UTC"


def ago(at: datetime, now: datetime) -> str:
    """How long ago: now, 14 s, 11 min, 3 h, 9 d."""
    seconds = (now - at).total_seconds()
    if seconds < 2:
        return "now"
    for limit, size, unit in ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h")):
        if seconds < limit:
            return f"{int(seconds // size)}{SPACE}{unit} ago"
    return f"{int(seconds // 86400)}{SPACE}d ago"
