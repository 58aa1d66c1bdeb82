"""Usernames reserved for the site.

A profile is at `/<username>/`, so the first segment of each URL of the site is reserved; a test compares this list with
the URL configuration. The other names are for future URLs, for files that browsers and crawlers request, and for roles
that could be used to impersonate the site's staff.
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
