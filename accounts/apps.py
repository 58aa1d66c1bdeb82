from django.apps import AppConfig, apps


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People"

    def ready(self) -> None:
        # In the admin it would be a second box called "Accounts".
        apps.get_app_config("account").verbose_name = "Email addresses"
