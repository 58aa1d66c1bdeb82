from django.urls import path

import common.converters  # noqa: F401  (registers <username>)
from feed import views

app_name = "feed"

urlpatterns = [
    path("", views.home, name="home"),
    path("explore/", views.explore, name="explore"),
    path("explore/tags/<str:tag>/", views.tag, name="tag"),
    path("archive/", views.archive, name="archive"),
    path("<username:username>/", views.profile, name="profile"),
]
