"""All URLs of the site under the prefix /moved/, where no hard-coded path works. For test_addresses."""

from django.urls import include, path

PREFIX = "/moved/"
handler500 = "instagram.errors.server_error"

urlpatterns = [path(PREFIX.lstrip("/"), include("instagram.urls"))]
