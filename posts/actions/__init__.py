"""Actions that change posts, media, likes, comments and saves. Pages, the API, the admin, the demo and tasks call them.

Import the module of a subject: `from posts.actions import likes`, or `from posts.actions.likes import like_post`.
"""
