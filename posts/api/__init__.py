"""Posts, comments, likes, saves and files in the JSON API: one module and one router for each subject.

`output` has the schemas of answers and `lookup` finds objects through the caller's eyes. The other modules hold the
operations.
"""

from ninja import Router

from posts.api import comments, likes, posts, saves, settings, sharing

router = Router()
for module in (posts, sharing, settings, likes, saves, comments):
    router.add_router("", module.router)
