"""The description of the header Idempotency-Key; `api_access.idempotency` handles it."""

from typing import Final

KEY: Final = {
    "parameters": [
        {
            "in": "header",
            "name": "Idempotency-Key",
            "required": False,
            "description": "A repeated request with the same key within a day does nothing and gets the same answer.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        }
    ]
}
"""`openapi_extra` of an operation that accepts the header."""
