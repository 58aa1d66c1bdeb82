from django.urls import path

from accounts.views import profile, theme, usernames

app_name = "accounts"

urlpatterns = [
    path("edit/", profile.edit, name="edit"),
    path("avatar/remove/", profile.remove_avatar, name="remove_avatar"),
    path("username/", usernames.username, name="username"),
    path("username-available/", usernames.username_available, name="username_available"),
    path("theme/", theme.choose_theme, name="theme"),
]
