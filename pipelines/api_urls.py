"""The API's routes of runs, reviews and breakers."""

from __future__ import annotations

from django.urls import path, re_path

from pipelines.api import breakers, pipelines, reviews, runs

urlpatterns = [
    path("api/v1/runs", runs.runs, name="api-runs"),
    path("api/v1/runs/<uuid:run_id>", runs.run, name="api-run"),
    path("api/v1/runs/<uuid:run_id>/cancel", runs.cancel, name="api-run-cancel"),
    path("api/v1/runs/<uuid:run_id>/retry", runs.retry, name="api-run-retry"),
    path("api/v1/runs/<uuid:run_id>/fork", runs.fork, name="api-run-fork"),
    path("api/v1/runs/<uuid:run_id>/release", runs.release, name="api-run-release"),
    path("api/v1/runs/<uuid:run_id>/signal", runs.signal, name="api-run-signal"),
    path("api/v1/pipelines", pipelines.pipeline_list, name="api-pipelines"),
    # Any character: pipelines and breakers are called what their code calls them.
    re_path(r"^api/v1/pipelines/(?P<name>[\s\S]+)$", pipelines.pipeline, name="api-pipeline"),
    path("api/v1/reviews", reviews.review_list, name="api-reviews"),
    path("api/v1/reviews/<uuid:review_id>", reviews.review, name="api-review"),
    path("api/v1/reviews/<uuid:review_id>/claim", reviews.claim, name="api-review-claim"),
    path("api/v1/reviews/<uuid:review_id>/decision", reviews.decision, name="api-review-decision"),
    path("api/v1/breakers", breakers.breaker_list, name="api-breakers"),
    re_path(r"^api/v1/breakers/(?P<name>[\s\S]+)/open$", breakers.open, name="api-breaker-open"),
    re_path(r"^api/v1/breakers/(?P<name>[\s\S]+)/close$", breakers.close, name="api-breaker-close"),
]
