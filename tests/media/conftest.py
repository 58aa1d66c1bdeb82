import pytest


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    """Both storages in folders of the test's own."""
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "public", "base_url": "/media/"},
        },
        "originals": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "private", "base_url": None, "file_permissions_mode": 0o600},
        },
    }
    return tmp_path
