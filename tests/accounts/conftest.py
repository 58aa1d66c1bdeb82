import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.actions.users import create_user

PASSWORD = "lantern-over-water-7"


@pytest.fixture(autouse=True)
def _no_limits(settings):
    """Turn off rate limits, because their counters outlive the test."""
    settings.ACCOUNT_RATE_LIMITS = False
    settings.RATE_LIMITS = False


@pytest.fixture
def anna(db):
    return create_user(username="anna", email="anna@example.org", password=PASSWORD, name="Anna Berg")


@pytest.fixture
def ben(db):
    return create_user(username="ben", email="ben@example.org", password=PASSWORD)


@pytest.fixture
def confirmation_required(settings):
    settings.REQUIRE_EMAIL_CONFIRMATION = True
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


@pytest.fixture
def sign_up(client, db):
    """Return a function that posts the sign-up form, with valid values by default."""

    def send(**fields):
        data = {"username": "carla", "email": "carla@example.org", "password1": PASSWORD} | fields
        return client.post("/accounts/signup/", data)

    return send


def errors_of(response, field):
    return list(response.context["form"].errors.get(field, []))


def text_of(response):
    """Return the text of a page without tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def path_in(mail):
    """Return the path of the first link in an e-mail."""
    return re.search(r"https?://[^/\s]+(/\S+)", mail.body)[1]


def photo_upload(name="me.jpg", size=(400, 300), kind="JPEG"):
    from io import BytesIO

    from PIL import Image

    buffer = BytesIO()
    Image.new("RGB", size, (180, 120, 60)).save(buffer, kind)
    return SimpleUploadedFile(name, buffer.getvalue())
