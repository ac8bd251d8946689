"""The pages of a project, under /p/<slug>/."""

from __future__ import annotations

from django.urls import include, path, re_path

from traces.pages import agents, costs, home, models, overview, prices, sessions, start, trace, traces

urlpatterns = [
    path("p/<slug:slug>/settings/ingest/", include("traces.pages.ingest.urls")),
    path("", home.home, name="home"),
    path("p/<slug:slug>/", overview.overview, name="overview"),
    path("p/<slug:slug>/start/", start.start, name="start"),
    path("p/<slug:slug>/traces/", traces.traces, name="traces"),
    path("p/<slug:slug>/traces/<str:trace_id>/", trace.trace, name="trace"),
    path("p/<slug:slug>/traces/<str:trace_id>/costs/", costs.trace_costs, name="trace-costs"),
    path("p/<slug:slug>/costs/", costs.costs, name="costs"),
    path("p/<slug:slug>/models/", models.models, name="models"),
    re_path(r"^p/(?P<slug>[-a-zA-Z0-9_]+)/models/(?P<name>[\s\S]+)/$", models.model, name="model"),
    path("p/<slug:slug>/settings/prices/", prices.price_list, name="prices"),
    path("p/<slug:slug>/settings/prices/again/", prices.price_again, name="prices-again"),
    path("p/<slug:slug>/settings/prices/<int:pk>/", prices.price_edit, name="price"),
    path("p/<slug:slug>/settings/prices/<int:pk>/end/", prices.price_end, name="price-end"),
    path("p/<slug:slug>/agents/", agents.agents, name="agents"),
    # Any character, a line break too: an agent is called what its sender calls it.
    re_path(r"^p/(?P<slug>[-a-zA-Z0-9_]+)/agents/(?P<name>[\s\S]+)/$", agents.agent, name="agent"),
    path("p/<slug:slug>/sessions/", sessions.sessions, name="sessions"),
    re_path(r"^p/(?P<slug>[-a-zA-Z0-9_]+)/sessions/(?P<session>[\s\S]+)/$", sessions.session, name="session"),
]
