"""Form fields in our look, for forms that are not ours to write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template

if TYPE_CHECKING:
    from django.forms import BoundField

register = template.Library()


@register.filter
def looking(field: BoundField) -> BoundField:
    """The field with our class on its control; its label says what a placeholder would."""
    attributes = field.field.widget.attrs
    attributes.setdefault("class", "input")
    attributes.pop("placeholder", None)
    return field
