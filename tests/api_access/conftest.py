# ruff: noqa: F401, F811  (fixtures are imported, and used as arguments)
import pytest

from api_access.actions.apps import register_app
from tests.accounts.conftest import _no_limits, anna, ben
from tests.api_access.oauth_client import BACK


@pytest.fixture
def app(ben):
    return register_app(ben, name="Frames", redirect_uris=[BACK], is_confidential=False)[0]


@pytest.fixture
def secret_app(ben):
    return register_app(ben, name="Server", redirect_uris=[BACK], is_confidential=True)


@pytest.fixture
def window(client, anna):
    client.force_login(anna)
    return client
