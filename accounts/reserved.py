"""Usernames that nobody may have, because an address or a role of the site itself goes by that name.

A profile lives at `/<username>/`, so every first segment of our own addresses is taken; a test holds this list against
the URL configuration. The others are addresses we may want one day, files that browsers and crawlers ask for, and
names by which somebody could pass for the people who run the site.
"""

from typing import Final

from common.converters import FILE_NAMES

_ADDRESSES: Final = (
    "accounts", "admin", "api", "archive", "create", "direct", "events", "explore", "feed", "files", "healthz",
    "hashtag", "home", "inbox", "insights", "media", "messages", "metrics", "moderation", "notifications", "oauth", "p",
    "photos", "places", "post", "posts", "readyz", "realtime", "reel", "reels", "saved", "search", "settings", "share",
    "static", "stories", "story", "styleguide", "tag", "tags", "tv", "upload", "uploads", "videos", "ws", "offline",
)  # fmt: skip
_ACCOUNT_PAGES: Final = (
    "account", "activate", "auth", "confirm", "edit", "follow", "followers", "following", "inactive", "invite", "join",
    "log_in", "log_out", "login", "logout", "me", "password", "profile", "profiles", "register", "reset", "session",
    "sessions", "sign_in", "sign_up", "signin", "signout", "signup", "unfollow", "user", "username", "users", "you",
)  # fmt: skip
_ROLES: Final = (
    "abuse", "administrator", "anonymous", "billing", "bot", "contact", "deleted", "demo", "everyone", "everyframe",
    "help", "hostmaster", "info", "instagram", "mail", "mod", "moderator", "moderators", "no_reply", "nobody",
    "noreply", "official", "owner", "postmaster", "privacy", "root", "safety", "security", "staff", "status",
    "suspended", "support", "sysadmin", "system", "team", "verified", "webmaster",
)  # fmt: skip
_SITE: Final = (
    "about", "advertise", "advertising", "app", "apps", "assets", "blog", "blocked", "business", "careers", "cdn",
    "community", "cookies", "css", "developer", "developers", "directory", "docs", "download", "embed", "error",
    "errors", "faq", "forum", "ftp", "guidelines", "images", "img", "imprint", "impressum", "jobs", "js", "legal",
    "license", "licenses", "live", "local", "localhost", "map", "maps", "news", "oembed",
    "premium", "press", "pricing", "public", "report", "rss", "rules", "shop", "site", "smtp", "store", "subscribe",
    "terms", "tos", "trending", "web", "www",
)  # fmt: skip
_WORDS: Final = ("false", "nan", "none", "null", "true", "undefined", "unknown", "void")

RESERVED_USERNAMES: Final = frozenset((*_ADDRESSES, *FILE_NAMES, *_ACCOUNT_PAGES, *_ROLES, *_SITE, *_WORDS))
