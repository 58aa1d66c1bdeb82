from django.urls import path

from accounts.views import mobile, profile, theme, usernames

app_name = "accounts"

urlpatterns = [
    path("settings/", profile.settings_index, name="settings"),
    path("edit/", profile.edit, name="edit"),
    path("avatar/remove/", profile.remove_avatar, name="remove_avatar"),
    path("username/", usernames.username, name="username"),
    path("mobile/", mobile.mobile, name="mobile"),
    path("mobile/confirm/", mobile.confirm, name="confirm_mobile"),
    path("mobile/remove/", mobile.remove, name="remove_mobile"),
    path("username-available/", usernames.username_available, name="username_available"),
    path("theme/", theme.choose_theme, name="theme"),
]
