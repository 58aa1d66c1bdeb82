"""Limits that users can reach, read by forms, actions, the API, the browser and the proxy.

Lengths are graphemes (characters as people count them), sizes are bytes, sides are pixels.
"""

from typing import Final

MAX_USERNAME_CHARS: Final = 30
OLD_USERNAME_DAYS: Final = 14
"""Days for which a former username redirects to its owner and stays reserved."""
MAX_USERNAME_CHANGES: Final = 2
"""Maximum number of changes in OLD_USERNAME_DAYS."""
DELETION_GRACE_DAYS: Final = 30
"""Days in which the deletion of an account can be cancelled. Not shorter than the lifetime of a session, so that all
sessions have expired by then (personal_data.actions.erasure)."""
EXPORT_KEPT_DAYS: Final = 4
MAX_TOKENS: Final = 20
"""Maximum number of personal access tokens per person."""
MAX_TOKEN_NAME_CHARS: Final = 50
MAX_APPS: Final = 10
"""Maximum number of registered apps per developer."""
MAX_APP_NAME_CHARS: Final = 50
MAX_REDIRECTS: Final = 5
MAX_REDIRECT_CHARS: Final = 500
MAX_GRANTS_OF_APP: Final = 20
"""Maximum number of grants per person and app, one per device; a further grant revokes the oldest."""
CODE_DIGITS: Final = 6
CODE_MINUTES: Final = 10
"""Minutes for which a code that we have sent is valid."""
MAX_CODE_ATTEMPTS: Final = 5
TOKEN_DAYS: Final = (7, 30, 90, 365)
"""Possible lifetimes of a personal access token; all of them expire."""
MAX_NAME_CHARS: Final = 64
MAX_BIO_CHARS: Final = 150
MAX_LINK_CHARS: Final = 200
MAX_CAPTION_CHARS: Final = 2_200
MAX_COMMENT_CHARS: Final = 2_200
MAX_ALT_CHARS: Final = 1_000
MAX_LOCATION_CHARS: Final = 100
MAX_HASHTAGS: Final = 30
MAX_MENTIONS: Final = 20
MAX_PEOPLE_TAGS: Final = 20
"""Maximum number of people tagged in one photo."""
MAX_FAVOURITES: Final = 50
MAX_FOLLOWED_TAGS: Final = 100
MAX_MUTED_TAGS: Final = 100
MAX_SEARCH_CHARS: Final = 300
"""Maximum length of a search query in code points; the rest is ignored."""
MAX_RECENT_SEARCHES: Final = 20

MAX_EQUAL_COMMENTS: Final = 10
"""Maximum number of comments with the same text by one person in EQUAL_COMMENTS_MINUTES, on all posts."""
EQUAL_COMMENTS_MINUTES: Final = 5
MAX_PINNED_COMMENTS: Final = 3
COMMENT_EDIT_MINUTES: Final = 15
MAX_HIDDEN_WORDS: Final = 200
"""Maximum number of hidden words per person. The site's own list, read at every comment, has no limit."""
MAX_HIDDEN_WORD_CHARS: Final = 50

MAX_COLLECTION_NAME_CHARS: Final = 50
MAX_COLLECTIONS: Final = 100

MAX_SLIDES: Final = 20
MAX_PHOTO_BYTES: Final = 30 * 1024 * 1024
MIN_PHOTO_SIDE: Final = 150
MIN_AVATAR_SIDE: Final = 40
"""Minimum of the shorter side. The middle square is shown, mostly at 96 px."""
MAX_PHOTO_SIDE: Final = 8_192
MAX_PHOTO_PIXELS: Final = 60_000_000
MIN_PHOTO_RATIO: Final = 1 / 3
MAX_PHOTO_RATIO: Final = 3.0

MAX_VIDEO_BYTES: Final = 300 * 1024 * 1024
MIN_VIDEO_SECONDS: Final = 1
MAX_CAPTIONS_BYTES: Final = 1024 * 1024
MAX_CAPTIONS_CUES: Final = 5_000
MAX_VIDEO_SECONDS: Final = 15 * 60
MIN_VIDEO_SIDE: Final = 150
MAX_VIDEO_SIDE: Final = 8_192

MAX_POST_BYTES: Final = 1024 * 1024 * 1024
"""Maximum size of all files of a post: twenty of the largest photos, or three of the largest videos and many photos."""

MAX_FORM_BYTES: Final = 1024 * 1024
"""Maximum size of a request body without a file, or of the other fields in one with a file."""

MAX_REQUEST_BYTES: Final = MAX_POST_BYTES + MAX_FORM_BYTES
"""Maximum size of any request body: the largest post with its text (common.body_limits)."""

MAX_FILE_NAME_CHARS: Final = 255
"""Maximum length of a file name in code points; the rest is cut off."""

PART_BYTES: Final = 8 * 1024 * 1024
"""Size of the parts of an upload, except the last: the most that an interrupted connection has to send again."""

MAX_UNSHARED: Final = 60
"""Maximum number of unshared files and unfinished uploads per person: enough for three posts."""

MAX_UNSHARED_BYTES: Final = 2 * MAX_POST_BYTES
"""Maximum total size of these files."""

MAX_UPLOADED_BYTES_PER_DAY: Final = 20 * MAX_POST_BYTES
"""Maximum size of all uploads of one person in a day, in parts or by form, shared or not."""

DRAFT_KEPT_DAYS: Final = 7
"""Days after which an unshared file is deleted."""

UPLOAD_KEPT_HOURS: Final = 24
"""Hours for which the parts of an interrupted upload are kept, so that it can be resumed."""

MAX_CODE_POINTS_PER_CHAR: Final = 8
"""Code points that columns hold per character; a family emoji has seven and counts as one character."""
