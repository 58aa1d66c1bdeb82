from django.urls import path

from media.views import rendition

app_name = "media"

urlpatterns = [
    path("<path:path>", rendition, name="rendition"),
]
