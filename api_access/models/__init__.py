from api_access.models.app import OAuthApp
from api_access.models.grant import OAuthGrant
from api_access.models.idempotency_record import IdempotencyRecord
from api_access.models.token import PersonalToken

__all__ = ["IdempotencyRecord", "OAuthApp", "OAuthGrant", "PersonalToken"]
