from django.urls import path

import common.converters  # noqa: F401  (registers <shortcode>)
from search.views import places, recent, results, suggestions

app_name = "search"

urlpatterns = [
    path("", results.search, name="search"),
    path("suggest/", suggestions.suggest, name="suggest"),
    path("places/<slug:slug>/", places.place, name="place"),
    path("places/of/<shortcode:shortcode>/", places.place_of, name="place_of"),
    path("recent/", recent.remember, name="remember"),
    path("recent/clear/", recent.forget_all, name="forget_all"),
    path("recent/<int:search_id>/remove/", recent.forget, name="forget"),
]
