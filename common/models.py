from common.counters import CountDelta
from common.files import PendingFile
from common.ratelimit import RateLimitWindow

__all__ = ["CountDelta", "PendingFile", "RateLimitWindow"]
