from django.urls import path

from api_access.views import apps, developer, tokens

app_name = "api_access"

urlpatterns = [
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/<int:token_id>/revoke/", tokens.revoke, name="revoke_token"),
    path("apps/", apps.apps, name="apps"),
    path("apps/<int:app_id>/revoke/", apps.revoke_app, name="revoke_app"),
    path("apps/own/", developer.own_apps, name="own_apps"),
    path("apps/own/<int:app_id>/", developer.own_app, name="own_app"),
    path("apps/own/<int:app_id>/secret/", developer.rotate_app_secret, name="rotate_app_secret"),
    path("apps/own/<int:app_id>/delete/", developer.remove_app, name="remove_app"),
]
