"""The ingest page's routes, under /p/<slug>/settings/ingest/."""

from __future__ import annotations

from django.urls import path

from traces.pages.ingest import letters, page, rules

urlpatterns = [
    path("", page.ingest, name="ingest"),
    path("replay/", page.replay, name="ingest-replay"),
    path("letters/retry/", letters.letter_retry, name="ingest-letters-retry"),
    path("letters/discard/", letters.letter_discard, name="ingest-letters-discard"),
    path("letters/<int:pk>/", letters.letter_page, name="ingest-letter"),
    path("letters/<int:pk>/retry/", letters.letter_retry, name="ingest-letter-retry"),
    path("letters/<int:pk>/discard/", letters.letter_discard, name="ingest-letter-discard"),
    path("rules/new/", rules.rule_new, name="ingest-rule-new"),
    path("rules/<int:pk>/remove/", rules.rule_remove, name="ingest-rule-remove"),
]
