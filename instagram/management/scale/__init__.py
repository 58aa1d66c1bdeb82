"""Rows for `manage.py seed_scale`: a social graph of any size, its posts, likes and comments, loaded by COPY."""
