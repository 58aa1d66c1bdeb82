import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.actions import create_user

PASSWORD = "lantern-over-water-7"


@pytest.fixture(autouse=True)
def _no_limits(settings):
    """Rate limits are counted in a cache that would outlive the test."""
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
    """Send the sign-up form; what is not given is good."""

    def send(**fields):
        data = {"username": "carla", "email": "carla@example.org", "password1": PASSWORD} | fields
        return client.post("/accounts/signup/", data)

    return send


def errors_of(response, field):
    return list(response.context["form"].errors.get(field, []))


def text_of(response):
    """What a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def path_in(mail):
    """The path of the first link in a mail."""
    return re.search(r"https?://[^/\s]+(/\S+)", mail.body)[1]


def photo_upload(name="me.jpg", size=(400, 300), kind="JPEG"):
    from io import BytesIO

    from PIL import Image

    buffer = BytesIO()
    Image.new("RGB", size, (180, 120, 60)).save(buffer, kind)
    return SimpleUploadedFile(name, buffer.getvalue())
