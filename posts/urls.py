from django.urls import path

import common.converters  # noqa: F401  (registers <username> and <shortcode>)
from posts import views

app_name = "posts"

urlpatterns = [
    path("create/", views.create, name="create"),
    path("create/media/", views.unshared, name="unshared"),
    path("create/media/<int:media_id>/delete/", views.delete_medium, name="medium_delete"),
    path("create/media/<int:media_id>/retry/", views.retry_medium, name="medium_retry"),
    path("create/media/<int:media_id>/captions/", views.add_captions, name="captions_add"),
    path("create/media/<int:media_id>/captions/delete/", views.remove_captions, name="captions_remove"),
    path("create/uploads/", views.begin, name="uploads"),
    path("create/uploads/<int:upload_id>/", views.upload, name="upload"),
    path("create/uploads/<int:upload_id>/complete/", views.complete, name="upload_complete"),
    path("create/uploads/<int:upload_id>/delete/", views.cancel, name="upload_delete"),
    path("create/uploads/<int:upload_id>/parts/<int:number>/", views.part, name="upload_part"),
    path("p/<shortcode:shortcode>/", views.show, name="post"),
    path("p/<shortcode:shortcode>/captions/<int:media_id>.vtt", views.captions, name="captions"),
    path("p/<shortcode:shortcode>/state/", views.state, name="state"),
    path("p/<shortcode:shortcode>/retry/", views.retry, name="retry"),
    path("p/<shortcode:shortcode>/slides/<int:media_id>/remove/", views.remove_slide, name="remove_slide"),
    path("p/<shortcode:shortcode>/delete/", views.delete, name="delete"),
    path("p/<shortcode:shortcode>/edit/", views.edit, name="edit"),
    path("p/<shortcode:shortcode>/archive/", views.archive, name="archive"),
    path("p/<shortcode:shortcode>/unarchive/", views.unarchive, name="unarchive"),
    path("p/<shortcode:shortcode>/like/", views.like, name="like"),
    path("p/<shortcode:shortcode>/unlike/", views.unlike, name="unlike"),
    path("p/<shortcode:shortcode>/likes/", views.likers, name="likers"),
    path("p/<shortcode:shortcode>/save/", views.save, name="save"),
    path("p/<shortcode:shortcode>/unsave/", views.unsave, name="unsave"),
    path("p/<shortcode:shortcode>/collections/", views.collections, name="collections"),
    path("saved/", views.saved, name="saved"),
    path("saved/new/", views.new_collection, name="collection_new"),
    path("saved/<int:collection_id>/", views.collection, name="collection"),
    path("saved/<int:collection_id>/rename/", views.rename_collection, name="collection_rename"),
    path("saved/<int:collection_id>/delete/", views.delete_collection, name="collection_delete"),
    path("p/<shortcode:shortcode>/comment/", views.comment, name="comment"),
    path("p/<shortcode:shortcode>/comments/", views.comments, name="comments"),
    path("p/<shortcode:shortcode>/comments/<int:comment_id>/approve/", views.approve_comment, name="approve_comment"),
    path("p/<shortcode:shortcode>/comments/<int:comment_id>/delete/", views.delete_comment, name="delete_comment"),
]
