from common.counters import CountDelta

__all__ = ["CountDelta"]
