from __future__ import annotations


class MediaError(ValueError):
    """What is wrong with a file, as a sentence for the person who sent it: `str(error)` says what to do instead.

    The sentence never names the file (the caller knows what its owner calls it) and stays under 300 characters.
    `code` is stable, for tests, logs and programs.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class TransientMediaError(MediaError):
    """Nothing is known to be wrong with the file, and trying again may help: storage, memory or time ran out here.

    A task retries it; when its attempts are used up, the sentence is fit for the person too.
    """
