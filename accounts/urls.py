from django.urls import path

from accounts.views import export, leaving, mobile, profile, theme, tokens, usernames

app_name = "accounts"

urlpatterns = [
    path("edit/", profile.edit, name="edit"),
    path("avatar/remove/", profile.remove_avatar, name="remove_avatar"),
    path("username/", usernames.username, name="username"),
    path("deactivate/", leaving.deactivate, name="deactivate"),
    path("delete/", leaving.delete, name="delete"),
    path("keep/", leaving.keep, name="keep"),
    path("export/", export.export, name="export"),
    path("export/<int:export_id>/", export.export_file, name="export_file"),
    path("mobile/", mobile.mobile, name="mobile"),
    path("mobile/confirm/", mobile.confirm, name="confirm_mobile"),
    path("mobile/remove/", mobile.remove, name="remove_mobile"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/<int:token_id>/revoke/", tokens.revoke, name="revoke_token"),
    path("username-available/", usernames.username_available, name="username_available"),
    path("theme/", theme.choose_theme, name="theme"),
]
