"""URLs of the style guide. Its photos have the URLs of media and avatars, so these patterns must come first."""

from django.urls import path

from styleguide import views
from styleguide.photos import KEY_PREFIX

urlpatterns = [
    path("styleguide/", views.styleguide, name="styleguide"),
    path(f"media/<path:owner>/{KEY_PREFIX}<int:number>.jpg", views.demo_photo, name="styleguide_photo"),
]
