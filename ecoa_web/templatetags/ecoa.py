"""What every page's template needs: icons, states, numbers and times."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ecoa_web import format as fmt

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
def rate(number: float | None) -> SafeString:
    """A number of things in a time."""
    return fmt.html(fmt.rate_parts(number))


@register.filter
def percent(share: float | None) -> SafeString:
    """A share of 1 in percent."""
    return fmt.html(fmt.percent_parts(share))


@register.filter
def money(dollars: float | None) -> SafeString:
    """US dollars."""
    return fmt.money_html(dollars)


@register.simple_tag
def when(at: datetime | None, style: str = "minute") -> SafeString:
    """A time in the reader's zone with its exact UTC on hover. Styles: time, second, minute, short, date, ago."""
    if at is None:
        return format_html('<span class="zero">{}</span>', fmt.MISSING)
    shown = fmt.ago(at, timezone.now()) if style == "ago" else fmt.clock(at, style=style)
    return format_html(
        '<time datetime="{}" data-style="{}" title="{}">{}</time>', at.isoformat(), style, fmt.exact(at), shown
    )
