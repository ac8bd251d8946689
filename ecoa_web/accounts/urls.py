"""Sign-in, set-up and settings. allauth's routes stand here one by one: what is not listed does not exist."""

from __future__ import annotations

from allauth.account import views as account
from allauth.socialaccount import views as social
from django.apps import apps
from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView

from ecoa_web.accounts.pages import audit, keys, members, profile, projects, setup

Routes = list[URLPattern | URLResolver]

SIGN_IN: Routes = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
]


def _password_reset() -> Routes:
    """Needs a mail server; without one an administrator runs `manage.py changepassword`."""
    key = r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$"
    return [
        path("password/reset/", account.password_reset, name="account_reset_password"),
        path("password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
        re_path(key, account.password_reset_from_key, name="account_reset_password_from_key"),
        path(
            "password/reset/key/done/",
            account.password_reset_from_key_done,
            name="account_reset_password_from_key_done",
        ),
    ]


def _two_factor() -> Routes:
    return [path("2fa/", include("allauth.mfa.urls"))]


def _openid() -> Routes:
    return [
        path("3rdparty/", social.connections, name="socialaccount_connections"),
        path("3rdparty/login/cancelled/", social.login_cancelled, name="socialaccount_login_cancelled"),
        path("3rdparty/login/error/", social.login_error, name="socialaccount_login_error"),
        path("", include("allauth.socialaccount.providers.openid_connect.urls")),
    ]


def _accounts() -> Routes:
    routes = list(SIGN_IN)
    if settings.CONFIG.smtp_url:
        routes += _password_reset()
    if apps.is_installed("allauth.mfa"):
        routes += _two_factor()
    if settings.CONFIG.oidc_issuer:
        routes += _openid()
    return routes


PROJECT: Routes = [
    path("", RedirectView.as_view(pattern_name="project-settings"), name="settings"),
    path("project/", projects.project_settings, name="project-settings"),
    path("project/delete/", projects.project_delete, name="project-delete"),
    path("members/", members.member_list, name="members"),
    path("members/<int:pk>/role/", members.member_role, name="member-role"),
    path("members/<int:pk>/remove/", members.member_remove, name="member-remove"),
    path("members/<int:pk>/invite/", members.member_invite, name="member-invite"),
    path("keys/", keys.key_list, name="keys"),
    path("keys/<int:pk>/revoke/", keys.key_revoke, name="key-revoke"),
    path("audit/", audit.project_audit, name="audit"),
]

urlpatterns: Routes = [
    path("accounts/", include(_accounts())),
    path("setup/<str:token>/", setup.setup_page, name="setup"),
    path("settings/projects/", projects.project_list, name="projects"),
    path("settings/profile/", profile.profile, name="profile"),
    path("settings/audit/", audit.whole_audit, name="whole-audit"),
    path("p/<slug:slug>/settings/", include(PROJECT)),
]
