"""Posts, comments, likes, saves and files in the JSON API: one module and one router for each subject.

`output` has the schemas of answers and `lookup` finds objects through the caller's eyes. The other modules hold the
operations.
"""

from ninja import Router

from posts.api import comments, files, hidden_words, likes, posts, saves, settings, sharing, tagging

router = Router()
for module in (posts, sharing, files, settings, likes, saves, comments, tagging, hidden_words):
    router.add_router("", module.router)
