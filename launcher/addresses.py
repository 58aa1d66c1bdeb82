"""Addresses of the site that the launcher needs.

`reverse` would import all URLs and views, a second of CPU time during the start. A test compares these with `reverse`.
"""

from typing import Final

READY: Final = "/readyz"
ADMIN: Final = "/admin/"
SIGN_UP: Final = "/accounts/signup/"
