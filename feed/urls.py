from django.urls import path

import common.converters  # noqa: F401  (registers <username>)
from feed.views import explore, home, profiles, suggestions, tags

app_name = "feed"

urlpatterns = [
    path("", home.home, name="home"),
    path("explore/", explore.explore, name="explore"),
    path("explore/seen/", explore.explore_seen, name="explore_seen"),
    path("explore/posts/<str:shortcode>/hide/", explore.hide_post, name="hide_post"),
    path("explore/posts/<str:shortcode>/show/", explore.show_post, name="show_post"),
    path("explore/people/", suggestions.suggested, name="suggested"),
    path("explore/people/<username:username>/dismiss/", suggestions.dismiss, name="dismiss"),
    path("explore/people/<username:username>/restore/", suggestions.restore, name="restore"),
    path("explore/tags/<str:tag>/", tags.tag, name="tag"),
    path("explore/tags/<str:tag>/follow/", tags.follow_tag, name="follow_tag"),
    path("explore/tags/<str:tag>/unfollow/", tags.unfollow_tag, name="unfollow_tag"),
    path("explore/tags/<str:tag>/mute/", tags.mute_tag, name="mute_tag"),
    path("explore/tags/<str:tag>/unmute/", tags.unmute_tag, name="unmute_tag"),
    path("accounts/home/", home.first_feed, name="first_feed"),
    path("accounts/tags/", tags.followed_tags, name="followed_tags"),
    path("accounts/tags/muted/", tags.muted_tags, name="muted_tags"),
    path("archive/", profiles.archive, name="archive"),
    path("<username:username>/", profiles.profile, name="profile"),
    path("<username:username>/tagged/", profiles.profile, {"tab": "tagged"}, name="tagged"),
]
