from typing import Any

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_migrate


class CommonConfig(AppConfig):
    name = "common"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(_create_statement_functions, sender=self)


class ModerationConfig(admin_apps.AdminConfig):
    """Django's admin app with ModerationSite as its site."""

    default = False
    default_site = "common.admin.ModerationSite"


def _create_statement_functions(**_: Any) -> None:
    from common.statements import create_all

    create_all()
