"""The pages of pipelines, runs, breakers, reviews and the search, under /p/<slug>/."""

from __future__ import annotations

from django.urls import path, re_path

from pipelines.pages import (
    acts,
    breakers,
    decide,
    fork,
    pipeline,
    pipelines,
    review,
    reviews,
    run,
    runs,
    search,
    simulation,
)

urlpatterns = [
    path("p/<slug:slug>/search/", search.search, name="search"),
    path("p/<slug:slug>/pipelines/", pipelines.pipelines, name="pipelines"),
    # Any character: a pipeline is called what its program calls it.
    re_path(r"^p/(?P<slug>[-a-zA-Z0-9_]+)/pipelines/(?P<name>[\s\S]+)/$", pipeline.pipeline, name="pipeline"),
    path("p/<slug:slug>/runs/", runs.runs, name="runs"),
    path("p/<slug:slug>/runs/<uuid:run_id>/", run.run, name="run"),
    path("p/<slug:slug>/runs/<uuid:run_id>/cancel/", acts.cancel, name="run-cancel"),
    path("p/<slug:slug>/runs/<uuid:run_id>/retry/", acts.retry, name="run-retry"),
    path("p/<slug:slug>/runs/<uuid:run_id>/resolve/", acts.resolve, name="run-resolve"),
    path("p/<slug:slug>/runs/<uuid:run_id>/fork/", fork.fork, name="run-fork"),
    path("p/<slug:slug>/breakers/<str:act>/", breakers.act, name="breaker-act"),
    path("p/<slug:slug>/breakers/", breakers.breakers, name="breakers"),
    path("p/<slug:slug>/simulation/", simulation.simulation, name="simulation"),
    path("p/<slug:slug>/reviews/", reviews.reviews, name="reviews"),
    path("p/<slug:slug>/reviews/badge/", reviews.badge, name="reviews-badge"),
    path("p/<slug:slug>/reviews/<uuid:review_id>/", review.review, name="review"),
    path("p/<slug:slug>/reviews/<uuid:review_id>/decide/", decide.decide, name="review-decide"),
    path("p/<slug:slug>/reviews/<uuid:review_id>/claim/", decide.claim, name="review-claim"),
]
