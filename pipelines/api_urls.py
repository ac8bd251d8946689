"""The API's routes of runs, reviews and breakers."""

from __future__ import annotations

from django.urls import path

from pipelines.api import reviews

urlpatterns = [
    path("api/v1/reviews", reviews.review_list, name="api-reviews"),
    path("api/v1/reviews/<uuid:review_id>", reviews.review, name="api-review"),
    path("api/v1/reviews/<uuid:review_id>/claim", reviews.claim, name="api-review-claim"),
    path("api/v1/reviews/<uuid:review_id>/decision", reviews.decision, name="api-review-decision"),
]
