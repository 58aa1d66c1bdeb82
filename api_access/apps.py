from django.apps import AppConfig


class ApiAccessConfig(AppConfig):
    name = "api_access"
    verbose_name = "API access"

    def ready(self) -> None:
        from api_access.personal_data import register

        register()
