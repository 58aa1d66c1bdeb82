from django.urls import path

from notifications import views

app_name = "notifications"

urlpatterns = [
    path("notifications/", views.notifications, name="page"),
    path("notifications/read/", views.read, name="read"),
    path("accounts/notifications/", views.preferences, name="preferences"),
]
