from django.urls import path

import common.converters  # noqa: F401  (registers <username>)
from social import views

app_name = "social"

urlpatterns = [
    path("accounts/privacy/", views.privacy, name="privacy"),
    path("accounts/privacy/private/", views.go_private, name="go_private"),
    path("accounts/privacy/public/", views.go_public, name="go_public"),
    path("accounts/privacy/likes/", views.like_counts, name="like_counts"),
    path("accounts/privacy/tags/", views.who_may_tag, name="who_may_tag"),
    path("accounts/requests/", views.requests, name="requests"),
    path("accounts/requests/approve-all/", views.approve_all, name="approve_all"),
    path("accounts/requests/refuse-all/", views.refuse_all, name="refuse_all"),
    path("accounts/requests/<username:username>/approve/", views.approve, name="approve"),
    path("accounts/requests/<username:username>/refuse/", views.refuse, name="refuse"),
    path("accounts/close-friends/", views.close_friends, name="close_friends"),
    path("accounts/blocked/", views.blocked, name="blocked"),
    path("accounts/muted/", views.muted, name="muted"),
    path("accounts/restricted/", views.restricted, name="restricted"),
    path("<username:username>/follow/", views.follow, name="follow"),
    path("<username:username>/unfollow/", views.unfollow, name="unfollow"),
    path("<username:username>/followers/", views.followers, name="followers"),
    path("<username:username>/following/", views.following, name="following"),
    path("<username:username>/remove-follower/", views.remove_follower, name="remove_follower"),
    path("<username:username>/block/", views.block, name="block"),
    path("<username:username>/unblock/", views.unblock, name="unblock"),
    path("<username:username>/mute/", views.mute, name="mute"),
    path("<username:username>/unmute/", views.unmute, name="unmute"),
    path("<username:username>/restrict/", views.restrict, name="restrict"),
    path("<username:username>/unrestrict/", views.unrestrict, name="unrestrict"),
    path("<username:username>/add-close-friend/", views.add_close_friend, name="add_close_friend"),
    path("<username:username>/remove-close-friend/", views.remove_close_friend, name="remove_close_friend"),
]
