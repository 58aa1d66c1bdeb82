"""Media files: checking, receiving, storing, rendering and serving them. Uses no models; callers keep keys and results.

`probe` identifies a file by its header during the request; `upload_probe` applies the settings to it. `incoming`
receives files in parts, and `storage` and `s3` store them. `photo` and `video` render them in child processes with
limits (`child_process`, `rlimits`), with the edits that `edit` parses and applies. `views` serves renditions.
"""
