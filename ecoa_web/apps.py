from django.apps import AppConfig


class EcoaWebConfig(AppConfig):
    name = "ecoa_web"
    label = "ecoa_web"
