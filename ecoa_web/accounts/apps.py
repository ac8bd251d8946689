from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "ecoa_web.accounts"
    label = "accounts"
    verbose_name = "Accounts"
