from django.urls import path

from personal_data.views import deactivation, export

app_name = "personal_data"

urlpatterns = [
    path("deactivate/", deactivation.deactivate, name="deactivate"),
    path("delete/", deactivation.delete, name="delete"),
    path("keep/", deactivation.keep, name="keep"),
    path("export/", export.export, name="export"),
    path("export/<int:export_id>/", export.export_file, name="export_file"),
]
