from common.counters import CountDelta
from common.files import LooseFile
from common.ratelimit import RateLimitWindow

__all__ = ["CountDelta", "LooseFile", "RateLimitWindow"]
