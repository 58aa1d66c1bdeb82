from tests.accounts.conftest import _no_limits, anna, ben  # noqa: F401  (fixtures)
