from django.urls import path

from accounts.views import deactivation, export, mobile, oauth, profile, theme, tokens, usernames

app_name = "accounts"

urlpatterns = [
    path("settings/", profile.settings_index, name="settings"),
    path("edit/", profile.edit, name="edit"),
    path("avatar/remove/", profile.remove_avatar, name="remove_avatar"),
    path("username/", usernames.username, name="username"),
    path("deactivate/", deactivation.deactivate, name="deactivate"),
    path("delete/", deactivation.delete, name="delete"),
    path("keep/", deactivation.keep, name="keep"),
    path("export/", export.export, name="export"),
    path("export/<int:export_id>/", export.export_file, name="export_file"),
    path("mobile/", mobile.mobile, name="mobile"),
    path("mobile/confirm/", mobile.confirm, name="confirm_mobile"),
    path("mobile/remove/", mobile.remove, name="remove_mobile"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/<int:token_id>/revoke/", tokens.revoke, name="revoke_token"),
    path("apps/", oauth.apps, name="apps"),
    path("apps/<int:app_id>/revoke/", oauth.revoke_app, name="revoke_app"),
    path("apps/own/", oauth.own_apps, name="own_apps"),
    path("apps/own/<int:app_id>/", oauth.own_app, name="own_app"),
    path("apps/own/<int:app_id>/secret/", oauth.rotate_app_secret, name="rotate_app_secret"),
    path("apps/own/<int:app_id>/delete/", oauth.remove_app, name="remove_app"),
    path("username-available/", usernames.username_available, name="username_available"),
    path("theme/", theme.choose_theme, name="theme"),
]
