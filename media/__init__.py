"""Bytes in, renditions out. Knows no model: callers pass files and keys, and keep what comes back.

`probe` judges a file in the request from its header alone, `intake` with the switches of the settings; `photos` and
`avatars` decode in a child process with limits (`sandbox`, `child`, `pixels`); `storage` names and keeps files; `views`
serves the public ones.
"""
