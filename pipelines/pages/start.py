"""The form that starts a run: an input, checked against the pipeline's schema, and perhaps a key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from django import forms
from django.contrib import messages

from ecoa.errors import EcoaError, IdempotencyConflict
from ecoa_web.accounts.forms import Looks
from ecoa_web.accounts.pages.shell import signed_in
from pipelines.pages.value_field import ValueField, blank, checked
from pipelines.verbs.errors import InputInvalid
from pipelines.verbs.runs import Caller, start_run

if TYPE_CHECKING:
    from django.http import HttpRequest

    from ecoa_web.accounts.models import Project

LONGEST_KEY = 255


class KeyForm(Looks):
    """What stands beside the input."""

    key = forms.CharField(
        label="Idempotency key",
        max_length=LONGEST_KEY,
        required=False,
        strip=True,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="With a key the same start happens once: again with the same input it leads to that run.",
    )


@dataclass(slots=True, kw_only=True)
class Start:
    """What was filled in, and what is wrong with it."""

    form: KeyForm
    value: ValueField
    schema: Mapping[str, Any] | None

    @classmethod
    def read(cls, request: HttpRequest, schema: Mapping[str, Any] | None) -> Self:
        """What was sent, or an empty form."""
        if request.method != "POST":
            return cls(form=KeyForm(), value=ValueField(name="input", text=blank(schema), schema=schema), schema=schema)
        text = request.POST.get("input", "").replace("\0", "")
        value = ValueField(name="input", text=text, schema=schema, problems=checked(text, schema))
        return cls(form=KeyForm(request.POST), value=value, schema=schema)

    def begin(self, request: HttpRequest, project: Project, pipeline: str) -> str | None:
        """The id of the run that it began or led to; None when something is wrong, which is said in the form."""
        if not self.form.is_valid() or self.value.problems:
            return None
        key = self.form.cleaned_data["key"] or None
        by = Caller(name=signed_in(request).email, request=request)
        try:
            run_id, created = start_run(project, pipeline, json.loads(self.value.text), by=by, key=key)
        except IdempotencyConflict:
            self.form.add_error("key", "This key began a run with another input.")
            return None
        except InputInvalid as invalid:
            self.value = ValueField(name="input", text=self.value.text, schema=self.schema, problems=invalid.problems)
            return None
        except EcoaError as refused:
            self.form.add_error(None, refused.message)
            return None
        messages.success(request, "The run is started." if created else "This key began a run before: here it is.")
        return run_id
