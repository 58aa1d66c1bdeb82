from django.urls import path

import common.converters  # noqa: F401  (registers <username> and <shortcode>)
from posts import views

app_name = "posts"

urlpatterns = [
    path("create/", views.create, name="create"),
    path("p/<shortcode:shortcode>/", views.show, name="post"),
    path("p/<shortcode:shortcode>/state/", views.state, name="state"),
    path("p/<shortcode:shortcode>/retry/", views.retry, name="retry"),
    path("p/<shortcode:shortcode>/delete/", views.delete, name="delete"),
    path("p/<shortcode:shortcode>/like/", views.like, name="like"),
    path("p/<shortcode:shortcode>/unlike/", views.unlike, name="unlike"),
    path("p/<shortcode:shortcode>/likes/", views.likers, name="likers"),
    path("p/<shortcode:shortcode>/comment/", views.comment, name="comment"),
    path("p/<shortcode:shortcode>/comments/", views.comments, name="comments"),
    path(
        "p/<shortcode:shortcode>/comments/<int:comment_id>/approve/", views.approve_comment, name="approve_comment"
    ),
    path("p/<shortcode:shortcode>/comments/<int:comment_id>/delete/", views.delete_comment, name="delete_comment"),
]
