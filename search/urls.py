from django.urls import path

from search import views

app_name = "search"

urlpatterns = [
    path("", views.search, name="search"),
    path("suggest/", views.suggest, name="suggest"),
    path("places/<int:place_id>/", views.place, name="place"),
    path("recent/", views.remember, name="remember"),
    path("recent/clear/", views.forget_all, name="forget_all"),
    path("recent/<int:search_id>/remove/", views.forget, name="forget"),
]
