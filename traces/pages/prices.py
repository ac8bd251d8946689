"""Settings: what model calls cost a project. Members see the prices; editors and owners change them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from ecoa_web.accounts.access import role_in, visible_project
from ecoa_web.accounts.forms import Looks
from ecoa_web.accounts.models import Project, Role
from ecoa_web.accounts.pages.shell import answer, signed_in
from traces.prices import edit
from traces.prices.override import Override
from traces.queries import prices

PER_MILLION = "US dollars per million tokens"
NAME_LENGTH = 200
MOST_DOLLARS = 100_000
AGAIN = "Stored calls are being priced again."


def _dollars(label: str, *, help_text: str = "", required: bool = False) -> forms.DecimalField:
    widget = forms.NumberInput(attrs={"step": "any", "min": "0", "inputmode": "decimal", "autocomplete": "off"})
    return forms.DecimalField(
        label=label,
        required=required,
        min_value=Decimal(0),
        max_value=Decimal(MOST_DOLLARS),
        max_digits=15,
        decimal_places=9,
        widget=widget,
        help_text=help_text,
    )


def _day(label: str, help_text: str) -> forms.DateField:
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return forms.DateField(label=label, required=False, widget=widget, help_text=help_text)


class PriceForm(Looks):
    """A price of the project's own."""

    model = forms.CharField(
        max_length=NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="As it stands in your traces; <span class='mono'>gpt-4o*</span> is for all that begin so.",
    )
    provider = forms.CharField(
        max_length=NAME_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Such as <span class='mono'>openai</span>; empty is for any.",
    )
    input = _dollars("Input", help_text=PER_MILLION, required=True)
    output = _dollars("Output", help_text="0 where there is none, as for embeddings", required=True)
    cache_read = _dollars("Cached input", help_text="Empty: as input")
    cache_write = _dollars("Cache writes", help_text="Empty: as input")
    reasoning = _dollars("Reasoning", help_text="Empty: as output")
    valid_from = _day("From", "First day, UTC; empty: always")
    valid_until = _day("Until", "First day without it; empty: for good")

    def clean_model(self) -> str:
        model: str = self.cleaned_data["model"]
        if "*" in model[:-1]:
            raise forms.ValidationError("A * can only stand at the end.")
        return model

    def clean_provider(self) -> str:
        provider: str = self.cleaned_data["provider"]
        return provider.lower()

    def clean_valid_until(self) -> Any:  # a date or None
        begins, ends = self.cleaned_data.get("valid_from"), self.cleaned_data["valid_until"]
        if begins and ends and ends <= begins:
            raise forms.ValidationError("It would end before it begins.")
        return ends

    def price(self, price_id: int = 0) -> Override:
        """What was filled in."""
        return Override(id=price_id, **self.cleaned_data)


@require_http_methods(["GET", "HEAD", "POST"])
def price_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The prices, what has none, how far pricing again is; a form that adds one."""
    project = _project(request, slug)
    asked = {name: request.GET.get(name, "")[:NAME_LENGTH] for name in ("model", "provider")}
    form = PriceForm(request.POST or None, initial=asked)
    if form.is_valid():
        added = edit.add(request, project, form.price())
        messages.success(request, f"The price of {added.model} is added. {AGAIN}")
        return redirect("prices", slug)
    now = datetime.now(UTC)
    shown = _shown(request, project, now)
    if request.GET.get("part") == "live":
        return render(request, "settings/prices.html#live", shown)
    model, provider = form["model"].value() or "", (form["provider"].value() or "").lower()
    return answer(
        request,
        "settings/prices.html",
        form,
        builtin=prices.builtin_price(provider, model, now=now),
        asked_model=model,
        **shown,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def price_edit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One price, to change."""
    project = _project(request, slug, Role.EDITOR)
    price = edit.held(project, pk)
    form = PriceForm(request.POST or None, initial=asdict(price))
    if form.is_valid():
        edit.change(request, project, form.price(pk))
        messages.success(request, f"The price of {form.cleaned_data['model']} is changed. {AGAIN}")
        return redirect("prices", slug)
    builtin = prices.builtin_price(price.provider, price.model, now=datetime.now(UTC))
    return answer(
        request, "settings/price.html", form, price=price, shown=project, builtin=builtin, asked_model=price.model
    )


@require_http_methods(["GET", "HEAD", "POST"])
def price_end(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """End a price as of today, after asking."""
    project = _project(request, slug, Role.EDITOR)
    price = edit.held(project, pk)
    today = timezone.now().astimezone(UTC).date()
    if request.method != "POST":
        return render(request, "settings/price_end.html", {"price": price, "today": today, "shown": project})
    edit.end(request, project, pk, day=today)
    messages.success(request, f"The price of {price.model} holds until yesterday. {AGAIN}")
    return redirect("prices", slug)


@require_POST
def price_again(request: HttpRequest, slug: str) -> HttpResponse:
    """Price all stored calls again."""
    project = _project(request, slug, Role.EDITOR)
    edit.again(request, project)
    messages.success(request, AGAIN)
    return redirect("prices", slug)


def _project(request: HttpRequest, slug: str, need: Role = Role.VIEWER) -> Project:
    return visible_project(signed_in(request), slug, Role.EDITOR if request.method == "POST" else need)


def _shown(request: HttpRequest, project: Project, now: datetime) -> dict[str, Any]:
    """What the lists of the page show."""
    role = role_in(signed_in(request), project)
    return {
        "own": prices.own_prices(project.pk, now=now),
        "unpriced": prices.unpriced_models(project.pk, now=now),
        "job": prices.latest_repricing(project.pk),
        "editor": role is not None and role >= Role.EDITOR,
        "shown": project,
    }
