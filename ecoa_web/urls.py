"""Every HTTP route. Everything needs a sign-in or a key unless its view says otherwise (LoginRequiredMiddleware)."""

from __future__ import annotations

from django.urls import include, path

from ecoa_web import health

handler404 = "ecoa_web.api_errors.not_found"
handler500 = "ecoa_web.api_errors.failed"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("", include("ecoa_web.accounts.urls")),
    path("", include("traces.api_urls")),
    path("", include("pipelines.api_urls")),
    path("", include("traces.urls")),
    path("", include("pipelines.urls")),
]
