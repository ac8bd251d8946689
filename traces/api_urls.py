"""The API's routes under /api/v1/, and its documentation."""

from __future__ import annotations

from django.urls import path, re_path

from traces.api import conversation, docs, sessions, views

urlpatterns = [
    path("api/v1/traces", views.trace_list, name="api-traces"),
    path("api/v1/traces/<str:trace_id>", views.trace, name="api-trace"),
    path("api/v1/traces/<str:trace_id>/skeleton", views.trace_skeleton, name="api-trace-skeleton"),
    path("api/v1/traces/<str:trace_id>/agents", views.trace_agents, name="api-trace-agents"),
    path("api/v1/traces/<str:trace_id>/conversation", conversation.conversation, name="api-trace-conversation"),
    path("api/v1/traces/<str:trace_id>/spans/<str:span_id>", views.span, name="api-span"),
    path("api/v1/sessions", sessions.session_list, name="api-sessions"),
    re_path(r"^api/v1/sessions/(?P<session_id>[\s\S]+)$", sessions.session, name="api-session"),  # as sent: any text
    path("api/v1/agents", views.agent_list, name="api-agents"),
    path("api/v1/latency", views.latency_list, name="api-latency"),
    path("api/v1/models", views.model_list, name="api-models"),
    path("api/v1/ingest", views.ingest, name="api-ingest"),
    path("api/v1/schema/", docs.schema, name="api-schema"),
    path("api/docs/", docs.browse, name="api-docs"),
]
