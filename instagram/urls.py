"""All URLs. Profiles match last, and `accounts.reserved` lists the usernames that other URLs need."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from accounts.views.avatars import avatar
from api_access.views import oauth
from instagram.api import api
from instagram.health import healthz, readyz
from instagram.manifest import manifest
from instagram.well_known import change_password, favicon, robots, service_worker

handler500 = "instagram.errors.server_error"

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("site.webmanifest", manifest, name="manifest"),
    path("robots.txt", robots, name="robots"),
    path("favicon.ico", favicon, name="favicon"),
    path("sw.js", service_worker, name="service_worker"),
    path(".well-known/change-password", change_password, name="well_known_change_password"),
    path("admin/", admin.site.urls),
    path("", include("notifications.urls")),
    path("accounts/", include("accounts.urls")),
    path("accounts/", include("personal_data.urls")),
    path("accounts/", include("api_access.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("api/", include((api.open_urls, "api"))),
    path("oauth/authorize/", oauth.authorize, name="oauth_authorize"),
    path("oauth/token/", oauth.token, name="oauth_token"),
    path("oauth/revoke/", oauth.revoke, name="oauth_revoke"),
    path(".well-known/oauth-authorization-server", oauth.metadata, name="oauth_metadata"),
    path("media/people/<int:person_id>/<path:key>", avatar, name="avatar"),
    path("search/", include("search.urls")),
    path("", include("posts.urls")),
    path("", include("feed.urls")),
    path("", include("social.urls")),
]

if settings.ENVIRONMENT == "development":
    urlpatterns.insert(0, path("", include("styleguide.urls")))

if settings.DEBUG and "debug_toolbar" in settings.INSTALLED_APPS:
    urlpatterns.insert(0, path("__debug__/", include("debug_toolbar.urls")))
