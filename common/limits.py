"""The limits people meet, in one place: forms, actions, the API, the browser and the proxy read these.

Lengths count graphemes (what people call characters), sizes are bytes, sides are pixels.
"""

from typing import Final

MAX_USERNAME_CHARS: Final = 30
OLD_USERNAME_DAYS: Final = 14
"""So long a name that somebody gave up leads on to them, and nobody else may have it."""
MAX_USERNAME_CHANGES: Final = 2
"""In so many days."""
DELETION_GRACE_DAYS: Final = 30
"""So long somebody who has their account deleted can change their mind. Not shorter than a session can last: those
of the deleted have expired by then (accounts.deletion)."""
EXPORT_KEPT_DAYS: Final = 4
MAX_TOKENS: Final = 20
"""Personal access tokens of one person."""
MAX_TOKEN_NAME_CHARS: Final = 50
MAX_APPS: Final = 10
"""Apps that one developer registers."""
MAX_APP_NAME_CHARS: Final = 50
MAX_REDIRECTS: Final = 5
MAX_REDIRECT_CHARS: Final = 500
MAX_GRANTS_OF_APP: Final = 20
"""Times that one person has let the same app in, each on another device; the oldest is out then."""
CODE_DIGITS: Final = 6
CODE_MINUTES: Final = 10
"""So long a code that we sent to somebody works."""
MAX_CODE_ATTEMPTS: Final = 5
TOKEN_DAYS: Final = (7, 30, 90, 365)
"""So long a personal access token may last; none lasts for ever."""
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
"""People tagged in one photo."""
MAX_FOLLOWED_TAGS: Final = 100
MAX_MUTED_TAGS: Final = 100
MAX_SEARCH_CHARS: Final = 300
"""Of what somebody looks for; code points, and the rest is left out."""
MAX_RECENT_SEARCHES: Final = 20

MAX_EQUAL_COMMENTS: Final = 10
"""Comments with the same words by one person in EQUAL_COMMENTS_MINUTES, under any posts."""
EQUAL_COMMENTS_MINUTES: Final = 5
MAX_PINNED_COMMENTS: Final = 3
COMMENT_EDIT_MINUTES: Final = 15
MAX_HIDDEN_WORDS: Final = 200
"""Of one person. The site's own list is as long as moderators make it: it is read at every comment."""
MAX_HIDDEN_WORD_CHARS: Final = 50

MAX_COLLECTION_NAME_CHARS: Final = 50
MAX_COLLECTIONS: Final = 100

MAX_SLIDES: Final = 20
MAX_PHOTO_BYTES: Final = 30 * 1024 * 1024
MIN_PHOTO_SIDE: Final = 150
MIN_AVATAR_SIDE: Final = 40
"""Of the shorter side: the middle square is shown, at 96 px mostly."""
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
"""All files of a post together: twenty of the largest photos, or three of the largest videos and many photos."""

MAX_FORM_BYTES: Final = 1024 * 1024
"""The largest request body without a file, or the room for fields beside a file."""

MAX_REQUEST_BYTES: Final = MAX_POST_BYTES + MAX_FORM_BYTES
"""The largest post and its text: the largest body of all (common.body_limits)."""

MAX_FILE_NAME_CHARS: Final = 255
"""Of what people call their files, in code points; the rest is cut."""

PART_BYTES: Final = 8 * 1024 * 1024
"""A file comes in parts of so many bytes, the last one of what is left: what a broken connection costs at most."""

MAX_UNSHARED: Final = 60
"""Files of one person that are uploaded and not shared, and uploads under way: three posts' worth."""

MAX_UNSHARED_BYTES: Final = 2 * MAX_POST_BYTES
"""What these may take together."""

MAX_UPLOADED_BYTES_PER_DAY: Final = 20 * MAX_POST_BYTES
"""All that one person uploads in a day, in parts or with a form, shared or not."""

DRAFT_KEPT_DAYS: Final = 7
"""So long a file that was uploaded and not shared is kept; it is deleted after."""

UPLOAD_KEPT_HOURS: Final = 24
"""So long the parts of an upload that was broken off are kept, to go on with it."""

MAX_CODE_POINTS_PER_CHAR: Final = 8
"""A family emoji is seven code points and counts as one character; a column holds this many for each."""
