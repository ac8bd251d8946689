"""The accounts app."""

from django.apps import AppConfig, apps


class AccountsConfig(AppConfig):
    name = "ecoa_web.accounts"
    label = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from ecoa_web.accounts import audit_signs

        audit_signs.connect()
        if apps.is_installed("allauth.mfa"):
            audit_signs.connect_two_factor()
