from django.urls import path

import common.converters  # noqa: F401  (registers <username>)
from social.views import changes, follows, lists, privacy, requests, volume

app_name = "social"

urlpatterns = [
    path("accounts/privacy/", privacy.privacy, name="privacy"),
    path("accounts/privacy/private/", privacy.go_private, name="go_private"),
    path("accounts/privacy/public/", privacy.go_public, name="go_public"),
    path("accounts/privacy/likes/", privacy.like_counts, name="like_counts"),
    path("accounts/privacy/tags/", privacy.who_may_tag, name="who_may_tag"),
    path("accounts/requests/", requests.requests, name="requests"),
    path("accounts/requests/approve-all/", requests.approve_all, name="approve_all"),
    path("accounts/requests/refuse-all/", requests.refuse_all, name="refuse_all"),
    path("accounts/requests/<username:username>/approve/", requests.approve, name="approve"),
    path("accounts/requests/<username:username>/refuse/", requests.refuse, name="refuse"),
    path("accounts/close-friends/", lists.close_friends, name="close_friends"),
    path("accounts/favourites/", lists.favourites, name="favourites"),
    path("accounts/blocked/", lists.blocked, name="blocked"),
    path("accounts/muted/", lists.muted, name="muted"),
    path("accounts/restricted/", lists.restricted, name="restricted"),
    path("<username:username>/follow/", follows.follow, name="follow"),
    path("<username:username>/unfollow/", follows.unfollow, name="unfollow"),
    path("<username:username>/followers/", follows.followers, name="followers"),
    path("<username:username>/following/", follows.following, name="following"),
    path("<username:username>/remove-follower/", changes.remove_follower, name="remove_follower"),
    path("<username:username>/block/", changes.block, name="block"),
    path("<username:username>/unblock/", changes.unblock, name="unblock"),
    path("<username:username>/mute/", changes.mute, name="mute"),
    path("<username:username>/unmute/", changes.unmute, name="unmute"),
    path("<username:username>/restrict/", changes.restrict, name="restrict"),
    path("<username:username>/unrestrict/", changes.unrestrict, name="unrestrict"),
    path("<username:username>/add-close-friend/", changes.add_close_friend, name="add_close_friend"),
    path("<username:username>/remove-close-friend/", changes.remove_close_friend, name="remove_close_friend"),
    path("<username:username>/add-favourite/", changes.add_favourite, name="add_favourite"),
    path("<username:username>/remove-favourite/", changes.remove_favourite, name="remove_favourite"),
    path("<username:username>/volume/", volume.volume, name="volume"),
]
