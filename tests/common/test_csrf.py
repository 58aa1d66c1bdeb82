"""Masked CSRF tokens: Django must accept them, and they must be as random as its own."""

from collections import Counter

import pytest
from django.http import HttpRequest
from django.middleware.csrf import CSRF_ALLOWED_CHARS, _does_token_match, _get_new_csrf_string, _unmask_cipher_token

from common.csrf import csrf_token


@pytest.fixture
def request_of_a_browser():
    request = HttpRequest()
    request.META["CSRF_COOKIE"] = _get_new_csrf_string()
    return request


def test_django_accepts_the_token(request_of_a_browser):
    token = csrf_token(request_of_a_browser)

    assert _does_token_match(token, request_of_a_browser.META["CSRF_COOKIE"])
    assert _unmask_cipher_token(token) == request_of_a_browser.META["CSRF_COOKIE"]
    assert request_of_a_browser.META["CSRF_COOKIE_NEEDS_UPDATE"]


def test_the_cookie_of_a_member_is_not_sent_again(request_of_a_browser, settings):
    """Signing in has set it for a year, and the session ends before."""
    request_of_a_browser.COOKIES[settings.SESSION_COOKIE_NAME] = "key"

    csrf_token(request_of_a_browser)

    assert "CSRF_COOKIE_NEEDS_UPDATE" not in request_of_a_browser.META
    assert settings.SESSION_COOKIE_AGE < settings.CSRF_COOKIE_AGE


def test_every_token_has_another_mask_with_all_characters(request_of_a_browser):
    tokens = [csrf_token(request_of_a_browser) for _ in range(400)]

    assert len(set(tokens)) == 400
    used = Counter(char for token in tokens for char in token[:32])
    assert set(used) == set(CSRF_ALLOWED_CHARS)
    # 12,800 characters, 206 of each on average, with a standard deviation of 14.
    assert all(120 < number < 300 for number in used.values())


def test_a_browser_without_a_cookie_gets_one():
    request = HttpRequest()

    token = csrf_token(request)

    assert _does_token_match(token, request.META["CSRF_COOKIE"])
