from django.urls import path

import common.converters  # noqa: F401  (registers <shortcode>)
from search import views

app_name = "search"

urlpatterns = [
    path("", views.search, name="search"),
    path("suggest/", views.suggest, name="suggest"),
    path("places/<slug:slug>/", views.place, name="place"),
    path("places/of/<shortcode:shortcode>/", views.place_of, name="place_of"),
    path("recent/", views.remember, name="remember"),
    path("recent/clear/", views.forget_all, name="forget_all"),
    path("recent/<int:search_id>/remove/", views.forget, name="forget"),
]
