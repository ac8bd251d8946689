"""Every HTTP route. Everything needs a sign-in or a key unless its view says otherwise (LoginRequiredMiddleware)."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
]
