"""Profiles, home, Explore, suggestions and tags in the JSON API: one module and one router for each subject."""

from ninja import Router

from feed.api import explore, posts, profiles, suggestions, tags

router = Router()
for module in (profiles, posts, explore, suggestions, tags):
    router.add_router("", module.router)
