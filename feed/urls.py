from django.urls import path

import common.converters  # noqa: F401  (registers <username>)
from feed import tag_views, views

app_name = "feed"

urlpatterns = [
    path("", views.home, name="home"),
    path("explore/", views.explore, name="explore"),
    path("explore/tags/<str:tag>/", views.tag, name="tag"),
    path("explore/tags/<str:tag>/follow/", tag_views.follow_tag, name="follow_tag"),
    path("explore/tags/<str:tag>/unfollow/", tag_views.unfollow_tag, name="unfollow_tag"),
    path("explore/tags/<str:tag>/mute/", tag_views.mute_tag, name="mute_tag"),
    path("explore/tags/<str:tag>/unmute/", tag_views.unmute_tag, name="unmute_tag"),
    path("accounts/tags/", tag_views.followed_tags, name="followed_tags"),
    path("accounts/tags/muted/", tag_views.muted_tags, name="muted_tags"),
    path("archive/", views.archive, name="archive"),
    path("<username:username>/", views.profile, name="profile"),
    path("<username:username>/tagged/", views.profile, {"tab": "tagged"}, name="tagged"),
]
