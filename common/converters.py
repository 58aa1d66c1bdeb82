from django.urls import register_converter


class UsernameConverter:
    """A username in any letter case; views look it up in lower case."""

    regex = r"[A-Za-z0-9._]{1,30}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class ShortcodeConverter:
    """The id of a post in base 64; what it decodes to may be no post's."""

    regex = r"[A-Za-z0-9_-]{1,20}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(UsernameConverter, "username")
register_converter(ShortcodeConverter, "shortcode")
