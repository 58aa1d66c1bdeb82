from django.urls import path

import common.converters  # noqa: F401  (registers <username>)
from feed import explore_views, suggestion_views, tag_views, views

app_name = "feed"

urlpatterns = [
    path("", views.home, name="home"),
    path("explore/", explore_views.explore, name="explore"),
    path("explore/seen/", explore_views.explore_seen, name="explore_seen"),
    path("explore/posts/<str:shortcode>/hide/", explore_views.hide_post, name="hide_post"),
    path("explore/posts/<str:shortcode>/show/", explore_views.show_post, name="show_post"),
    path("explore/people/", suggestion_views.suggested, name="suggested"),
    path("explore/people/<username:username>/dismiss/", suggestion_views.dismiss, name="dismiss"),
    path("explore/people/<username:username>/restore/", suggestion_views.restore, name="restore"),
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
