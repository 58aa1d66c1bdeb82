"""The codes of problems, which programs may rely on: what `code` and the end of `type` can be.

A code is never given another meaning. /api/docs lists them, and `type` of a problem leads to its line there.
"""

from __future__ import annotations

from typing import Final

CODES: Final = {
    "bad-request": (400, "The request could not be read: broken JSON, another charset than UTF-8, a wrong Host."),
    "signed-out": (401, "Sign in, or send a token."),
    "sign-in": (401, "Bodies of this size are read only from callers who sent a session or a token."),
    "length": (411, "Send the length of the body in Content-Length."),
    "token": (401, "The token is unknown, too old or revoked."),
    "csrf": (403, "A session writes with its CSRF token in X-CSRFToken only. Tokens need none."),
    "forbidden": (403, "This may not be done."),
    "not-yours": (403, "This is its owner's alone."),
    "scope": (403, "The token is not for this: reading needs the scope read, all else write."),
    "not-found": (404, "It is not there, or it is not for whoever asks. Both are answered alike."),
    "method": (405, "The address does not answer that method; Allow says which it does."),
    "too-large": (413, "The body is larger than this address takes."),
    "content-type": (415, "Send application/json, or files as multipart/form-data."),
    "invalid": (422, "Something is not as it must be; errors say what, each by its path, such as body.caption."),
    "idempotency-key-reused": (422, "The Idempotency-Key came with another request within the last day."),
    "contradiction": (422, "The body names another thing than the address."),
    "changed": (409, "It was changed meanwhile: read it again."),
    "refused": (409, "It cannot be done as things stand; detail says why."),
    "too-many": (429, "Too often. Retry-After says in how many seconds it goes on."),
    "server-error": (500, "Our fault. It has been logged."),
    "error": (500, "Anything that no other code says."),
    "database": (503, "We do not reach our own data just now. Retry-After says when to try again."),
    "storage": (503, "There is no room for files just now. Retry-After says when to try again."),
}
"""{code: (status, what it means)}"""
