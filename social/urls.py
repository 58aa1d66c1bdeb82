from django.urls import path

import common.converters  # noqa: F401  (registers <username>)
from social import views

app_name = "social"

urlpatterns = [
    path("<username:username>/follow/", views.follow, name="follow"),
    path("<username:username>/unfollow/", views.unfollow, name="unfollow"),
    path("<username:username>/followers/", views.followers, name="followers"),
    path("<username:username>/following/", views.following, name="following"),
]
