"""What every page's template needs: icons, states, numbers and times."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import template
from django.template import Context
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from ecoa_web import format as fmt
from ecoa_web.ranges import TimeRange

register = template.Library()

STATUS_WORDS = {"ok": "OK", "error": "Error", "running": "Running", "waiting": "Waiting", "cancelled": "Cancelled"}
STATUS_ICONS = {"cancelled": "none", "unset": "none"}


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """An icon of static/icons.svg, drawn in the colour of the text around it."""
    sized = format_html(' data-size="{}"', size) if size else ""
    return format_html(
        '<svg class="icon"{} aria-hidden="true"><use href="{}#{}"/></svg>', sized, static("icons.svg"), name
    )


@register.simple_tag
def kind_icon(kind: str) -> SafeString:
    """The icon of a span's kind in its hue."""
    return format_html(
        '<svg class="kind" data-kind="{0}" role="img" aria-label="{0}"><use href="{1}#k-{0}"/></svg>',
        kind,
        static("icons.svg"),
    )


@register.simple_tag
def status(state: str) -> SafeString:
    """A status: its shape, its word, its colour."""
    return format_html(
        '<span class="status" data-state="{}">{}{}</span>',
        state,
        icon(f"s-{STATUS_ICONS.get(state, state)}"),
        STATUS_WORDS.get(state, state.capitalize()),
    )


@register.filter
def duration_ms(ms: float | None) -> SafeString:
    """Milliseconds in the unit that reads best."""
    return fmt.html(fmt.duration_parts(ms))


@register.filter
def duration_ns(ns: int | None) -> SafeString:
    """Nanoseconds in the unit that reads best."""
    return fmt.html(fmt.duration_parts(None if ns is None else ns / 1e6))


@register.filter
def count(number: float | None) -> SafeString:
    """A number of things."""
    return fmt.html(fmt.count_parts(number))


@register.filter
def exact(number: int) -> SafeString:
    """A number of things to the last digit, where sums must be seen to come out."""
    return fmt.html([(f"{number:,}", "")])


@register.filter
def rate(number: float | None) -> SafeString:
    """A number of things in a time."""
    return fmt.html(fmt.rate_parts(number))


@register.filter
def percent(share: float | None) -> SafeString:
    """A share of 1 in percent."""
    return fmt.html(fmt.percent_parts(share))


@register.filter
def whole_percent(share: float | None) -> SafeString:
    """A share of 1 in whole percent, where there is little room."""
    if share is None:
        return fmt.html([(fmt.MISSING, "")])
    return fmt.html([("<1" if 0 < share < 0.01 else f"{share * 100:.0f}", "%")])


@register.filter
def money(dollars: float | None) -> SafeString:
    """US dollars."""
    return fmt.money_html(dollars)


@register.filter
def rate_usd(dollars: float | None) -> str:
    """The price of a million tokens."""
    return fmt.rate_usd(dollars)


@register.filter
def exact_usd(dollars: float | None) -> str:
    """Money to its last digit."""
    return fmt.exact_usd(dollars)


@register.filter
def exact_count(number: int | None) -> str:
    """A number of things to the last one."""
    return fmt.MISSING if number is None else f"{number:,}"


@register.simple_tag
def when(at: datetime | int | None, style: str = "minute") -> SafeString:
    """A time (or Unix nanoseconds) in the reader's zone, exact UTC on hover: time, second, minute, short, date, ago."""
    if at is None:
        return format_html('<span class="zero">{}</span>', fmt.MISSING)
    if isinstance(at, int):
        at = fmt.EPOCH + timedelta(microseconds=at // 1000)
    shown = fmt.ago(at, timezone.now()) if style == "ago" else fmt.clock(at, style=style)
    return format_html(
        '<time datetime="{}" data-style="{}" title="{}">{}</time>', at.isoformat(), style, fmt.exact(at), shown
    )


@register.filter
def parts(values: fmt.Parts) -> SafeString:
    """A number and its unit, whatever it counts."""
    return fmt.html(values)


@register.simple_tag(takes_context=True)
def to(context: Context, name: str, *args: object, **params: str) -> str:
    """The address of a page of this project, with the time range that is shown and these parameters.

    Empty when there is no such page.
    """
    shown = context.get("range")
    shown = shown() if callable(shown) else shown
    project = context["project"]
    project = project() if callable(project) else project
    query = urlencode((shown.params if isinstance(shown, TimeRange) else {}) | params)
    try:
        path = reverse(name, args=[project.slug, *args])
    except NoReverseMatch:
        return ""
    return f"{path}?{query}" if query else path
