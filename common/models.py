from common.counters import CountDelta
from common.files import LooseFile

__all__ = ["CountDelta", "LooseFile"]
