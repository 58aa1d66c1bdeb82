"""Error codes of the API: the possible values of `code`, and of the end of `type`, in problem details.

The meaning of a code never changes. /api/docs lists the codes, and the `type` of a problem links to its entry there.
"""

from __future__ import annotations

from typing import Final

CODES: Final = {
    "bad-request": (400, "The request could not be parsed: invalid JSON, a charset other than UTF-8, or a wrong Host."),
    "signed-out": (401, "Sign in, or send a token."),
    "sign-in": (401, "Bodies of this size require a session or a token."),
    "length": (411, "Content-Length is missing."),
    "token": (401, "The token is unknown, expired or revoked."),
    "csrf": (403, "Changes with a session need the CSRF token in X-CSRFToken. Changes with a token do not."),
    "forbidden": (403, "This is not allowed."),
    "not-yours": (403, "Only the owner can do this."),
    "scope": (403, "The token lacks the scope: read for reading, write for everything else."),
    "not-found": (404, "It does not exist, or the caller cannot see it. The response is the same for both."),
    "method": (405, "The method is not supported here; the Allow header lists the supported ones."),
    "too-large": (413, "The body is too large for this address."),
    "content-type": (415, "Send application/json, or files as multipart/form-data."),
    "invalid": (422, "Some values are invalid; errors lists each with its path, such as body.caption."),
    "idempotency-key-reused": (422, "The Idempotency-Key was used with a different request in the last day."),
    "contradiction": (422, "The body and the address refer to different objects."),
    "changed": (409, "The object has changed since it was read. Read it again."),
    "refused": (409, "This cannot be done in the current state; detail has the reason."),
    "too-many": (429, "Too many requests. Retry-After has the number of seconds to wait."),
    "server-error": (500, "Internal error, which has been logged."),
    "error": (500, "Any other error."),
    "database": (503, "The database is temporarily unavailable. Retry-After has the number of seconds to wait."),
    "storage": (503, "File storage is temporarily full. Retry-After has the number of seconds to wait."),
}
"""{code: (status, description)}"""
