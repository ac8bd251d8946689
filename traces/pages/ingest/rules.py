"""A project's own rules: tried on a real span, saved, removed."""

from __future__ import annotations

import re

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from ecoa_web.accounts import audit
from ecoa_web.accounts.access import visible_project
from ecoa_web.accounts.forms import Looks
from ecoa_web.accounts.models import Project, Role
from ecoa_web.accounts.pages.shell import answer, signed_in
from traces.ids import span_int
from traces.pages.ingest.trial import Trial, trial
from traces.queries import reading
from traces.rules.rule import FIELDS, KEY_LENGTH, MOST_RULES, READERS, Rule

SPAN = re.compile(r"(?<![0-9a-f])([0-9a-f]{32})(?![0-9a-f])(?:.*?(?<![0-9a-f])([0-9a-f]{16})(?![0-9a-f]))?")
MEMBER = re.compile(r"[^.\s]+(\.[^.\s]+){0,4}")
USUAL = ("", "As is usual for the field")
ORDER = (("first", "Before the built-in rules: it wins"), ("last", "After them: it fills what they leave empty"))


def _text(label: str, help_text: str, *, required: bool = False) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    return forms.CharField(
        label=label, max_length=KEY_LENGTH, required=required, widget=widget, help_text=help_text, strip=True
    )


class RuleForm(Looks):
    """A rule, and the span it is tried on."""

    key = _text(
        "Attribute key", "As the span has it, such as <span class='mono'>acme.conversation</span>", required=True
    )
    field = forms.ChoiceField(label="Fills", choices=[(name, field.title) for name, field in FIELDS.items()])
    reader = forms.ChoiceField(
        label="Read as", required=False, choices=[USUAL, *((name, read.title) for name, read in READERS.items())]
    )
    member = _text(
        "Member",
        "If the value is an object or its JSON: the path into it, such as <span class='mono'>usage.input</span>",
    )
    scope = _text(
        "Only of scope",
        "The spans' instrumentation scope, with a final <span class='mono'>*</span> any that begins so; empty: any",
    )
    order = forms.ChoiceField(label="Order", choices=ORDER, initial="first")
    span = forms.CharField(
        label="Try it on",
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="The id of a trace, or of a trace and a span, or an address; empty: the newest span with the key",
    )

    def clean_member(self) -> str:
        member: str = self.cleaned_data["member"]
        if member and not MEMBER.fullmatch(member):
            raise forms.ValidationError("Up to five names with dots between them.")
        return member

    def clean_scope(self) -> str:
        scope: str = self.cleaned_data["scope"]
        if "*" in scope[:-1]:
            raise forms.ValidationError("A * can only stand at the end.")
        return scope

    def clean_span(self) -> str:
        span: str = self.cleaned_data["span"].lower()
        if span and not SPAN.search(span):
            raise forms.ValidationError("There is no trace id in this: 32 hex digits.")
        return span

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or self.cleaned_data
        field, reader = FIELDS.get(cleaned.get("field", "")), cleaned.get("reader")
        if field and reader and reader not in field.readers:
            usual = " or ".join(f"“{READERS[name].title}”" for name in field.readers)
            self.add_error("reader", f"{field.title} is read as {usual}.")
        return cleaned

    def rule(self) -> Rule:
        """What was filled in."""
        told = self.cleaned_data
        return Rule(
            id=0,
            field=told["field"],
            key=told["key"],
            reader=told["reader"] or FIELDS[told["field"]].readers[0],
            member=told["member"],
            scope=told["scope"],
            first=told["order"] == "first",
        )


@require_http_methods(["GET", "HEAD", "POST"])
def rule_new(request: HttpRequest, slug: str) -> HttpResponse:
    """A rule: filled in, tried as often as wanted, saved."""
    user = signed_in(request)
    project = visible_project(user, slug, Role.EDITOR)
    asked = {name: request.GET.get(name, "")[:KEY_LENGTH] for name in ("key", "span", "scope")}
    form = RuleForm(request.POST or None, initial=asked)
    tried: Trial | None = None
    if form.is_valid():
        rule = form.rule()
        own = reading.own_of(project.pk).rules
        if any(rule[1:] == other[1:] for other in own):
            form.add_error(None, "The project has this very rule already.")
        elif request.POST.get("act") == "save":
            if _save(request, project, rule, by=user.email):
                messages.success(
                    request, "The rule is saved. Spans that arrive are read with it; replay what is stored."
                )
                return redirect("ingest", slug)
            form.add_error(None, f"A project has at most {MOST_RULES} rules. Remove one first.")
        else:
            tried = _try(project, form, rule, own)
    context = {"shown": project, "tried": tried, "tried_none": bool(form.is_bound and form.is_valid() and not tried)}
    return answer(request, "settings/ingest_rule.html", form, **context)


@require_http_methods(["GET", "HEAD", "POST"])
def rule_remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The end of a rule, after asking."""
    project = visible_project(signed_in(request), slug, Role.EDITOR)
    row = next((row for row in reading.rules(project.pk) if row.rule.id == pk), None)
    if row is None:
        raise Http404("There is no such rule.")
    if request.method != "POST":
        return render(request, "settings/ingest_rule_remove.html", {"shown": project, "row": row})
    with transaction.atomic():
        if reading.remove_rule(project.pk, row.rule.id):
            _note(request, project, "removed the rule", row.rule)
    messages.success(request, "The rule is removed. Spans that arrive are read without it; replay what is stored.")
    return redirect("ingest", slug)


def _save(request: HttpRequest, project: Project, rule: Rule, *, by: str) -> bool:
    with transaction.atomic():
        added = reading.add_rule(project.pk, rule, by=by)
        if added:
            _note(request, project, "added the rule", rule)
    return added


def _try(project: Project, form: RuleForm, rule: Rule, own: tuple[Rule, ...]) -> Trial | None:
    named = SPAN.search(form.cleaned_data["span"])
    trace_id, span_id = named.groups() if named else (None, None)
    found = reading.example(
        project.pk,
        key=rule.key,
        of_resource=rule.of_resource,
        trace_id=trace_id,
        span_id=span_int(span_id) if span_id else None,
    )
    return trial(own, rule, found) if found else None


def _note(request: HttpRequest, project: Project, action: str, rule: Rule) -> None:
    told = {name: value for name, value in rule._asdict().items() if name not in ("id", "key") and value != ""}
    audit.record(action, request=request, project=project, subject=rule.key, **told)
