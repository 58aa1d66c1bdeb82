from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class CommonConfig(AppConfig):
    name = "common"
    default_auto_field = "django.db.models.BigAutoField"


class ModerationConfig(admin_apps.AdminConfig):
    """Django's admin app with ModerationSite as its site."""

    default = False
    default_site = "common.admin.ModerationSite"
