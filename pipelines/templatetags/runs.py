"""What the pages of runs and reviews need beside the tags of every page."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import unquote, urlencode

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ecoa_web import format as fmt
from ecoa_web.templatetags.ecoa import icon
from pipelines.pages import words
from pipelines.pages.steps import within

register = template.Library()
SOON = timedelta(minutes=30)


@register.simple_tag
def state(kind: str, status: str) -> SafeString:
    """A status of a run, node, review, breaker or effect: its shape, its word, its colour."""
    shown = words.word(kind, status)
    return format_html(
        '<span class="status" data-state="{}">{}{}</span>', shown.state, icon(f"s-{shown.state}"), shown.word
    )


@register.simple_tag
def shape(kind: str, status: str) -> SafeString:
    """Its shape alone, for where the word stands beside it."""
    shown = words.word(kind, status)
    return format_html(
        '<span class="status" data-state="{}" title="{}">{}<span class="sr">{}</span></span>',
        shown.state,
        shown.word,
        icon(f"s-{shown.state}"),
        shown.word,
    )


@register.simple_tag
def left(at: datetime | None) -> SafeString:
    """How long until then, or that it is over; loud when it is soon."""
    if at is None:
        return format_html('<span class="dim">{}</span>', "no deadline")
    rest = at - timezone.now()
    text = span_text(abs(rest))
    soon = "is-bad" if rest < timedelta(0) else "is-warn" if rest < SOON else "dim"
    return format_html(
        '<time class="{}" datetime="{}" title="{}">{}</time>',
        soon,
        at.isoformat(),
        fmt.exact(at),
        f"{text} over" if rest < timedelta(0) else f"{text} left",
    )


@register.simple_tag
def until(at: datetime | None) -> str:
    """How long until a time, in short: 12 s, 4 min, 2 h; now when it is over."""
    if at is None:
        return fmt.MISSING
    rest = at - timezone.now()
    return "now" if rest <= timedelta(0) else span_text(rest)


@register.simple_tag
def soon(at: datetime | None) -> str:
    """How long until a time, in short; empty when it is over or there is none."""
    return until(at) if at is not None and at > timezone.now() else ""


@register.filter
def short_id(value: object) -> str:
    """The end of a run's id, in which ids differ."""
    return str(value)[-12:]


@register.filter
def between(start: datetime | None, end: datetime | None) -> SafeString:
    """How long from one time to another, to now when there is no other."""
    if start is None:
        return fmt.html([(fmt.MISSING, "")])
    return fmt.html(fmt.duration_parts(((end or timezone.now()) - start) / timedelta(milliseconds=1)))


@register.filter
def seconds(value: float | None) -> SafeString:
    """Seconds in the unit that reads best."""
    return fmt.html(fmt.duration_parts(None if value is None else value * 1000))


def span_text(span: timedelta) -> str:
    """A span of time by its largest units: 14 s, 41 min, 1 h 50 min, 3 d 4 h."""
    total = int(span.total_seconds())
    if total < 60:
        return f"{total}{fmt.SPACE}s"
    minutes, hours, days = total // 60, total // 3600, total // 86400
    if hours < 1:
        return f"{minutes}{fmt.SPACE}min"
    if days < 1:
        rest = minutes % 60
        return f"{hours}{fmt.SPACE}h" + (f" {rest}{fmt.SPACE}min" if rest else "")
    return f"{days}{fmt.SPACE}d" + (f" {hours % 24}{fmt.SPACE}h" if hours % 24 else "")


@register.filter
def readable(path: str) -> str:
    """A node's path with the characters that a path percent-encodes."""
    return unquote(path)


@register.filter
def last_step(path: str) -> str:
    """The end of a node's path, by which people know the step: …carrier of is-order[yes].carrier."""
    container, name = within(path)
    return f"…{unquote(name)}" if container else unquote(path)


@register.filter
def pixels(length: float) -> str:
    """A length of a drawing."""
    return f"{length:g}"


@register.filter
def name(address: str) -> str:
    """A person in short: their address without its domain."""
    return address.partition("@")[0]


@register.simple_tag
def querystring_of(asked: dict[str, str]) -> str:
    """Parameters as the end of an address."""
    return f"?{urlencode(asked)}" if asked else ""
