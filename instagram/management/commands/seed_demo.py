"""`manage.py seed_demo`: creates people, photos, comments and likes, dated over the last five weeks.

`demo/people.json` and `demo/posts.json` describe them. Everything goes through the actions of the pages and the
pipeline of uploads, so the demo shows the real behaviour of the site.
"""

from __future__ import annotations

import json
import secrets
import time
from argparse import ArgumentParser
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.actions.avatars import change_avatar
from accounts.actions.users import create_user
from accounts.models import AvatarState, User
from accounts.tasks import process_avatar
from posts.actions.comments import add_comment
from posts.actions.likes import like_post
from posts.actions.media import Upload
from posts.actions.publishing import publish_if_ready, retry_post
from posts.actions.sharing import create_post
from posts.models import Comment, Media, Post
from posts.models.media import MediaKind, MediaState
from posts.tasks import process_media, process_video
from social.actions.follows import follow

DEMO_USERNAME = "demo"
DEMO_PASSWORD = "demo-everyframe"  # noqa: S105  (printed at every start in development; never used in production)
ADMIN_USERNAME = "admin"
ADMIN_PASSWORD = "admin-everyframe"  # noqa: S105  (like DEMO_PASSWORD)

WAIT_SECONDS = 120
"""The time that workers get to finish their last photos."""


class Command(BaseCommand):
    help = (
        "Fill the site with demo people, photos, comments, likes and follows. Safe to run again: existing content "
        "stays as it is, and an interrupted run is completed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--folder",
            type=Path,
            default=settings.BASE_DIR / "demo",
            help="where people.json, posts.json, photos/ and avatars/ are (default: demo/)",
        )
        parser.add_argument(
            "--force", action="store_true", help="run in production too, with random passwords that are printed once"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION and not options["force"]:
            raise CommandError("This is production. Use --force to create demo content here.")
        self.folder: Path = options["folder"]
        people = json.loads((self.folder / "people.json").read_text())
        posts = json.loads((self.folder / "posts.json").read_text())
        now = timezone.now()
        began = time.monotonic()

        users = self.make_people(people)
        self.make_admin()
        for one in self.progress("Follows", people):
            for username in one["follows"]:
                follow(users[one["username"]], followee=users[username])
        made = [(self.make_post(one, users, now), one) for one in self.progress("Posts", posts)]
        self.render([post for post, _ in made], list(users.values()))
        for post, one in self.progress("Comments and likes", made):
            self.make_responses(post, one, users)
        self.say(f"The demo has {len(users)} people and {len(made)} posts ({time.monotonic() - began:.0f} s).")

    # --- People --------------------------------------------------------------------------------------------------

    def make_people(self, people: list[dict[str, Any]]) -> dict[str, User]:
        users: dict[str, User] = {}
        for one in self.progress("People", people):
            username = one["username"]
            user = User.objects.filter(username=username).first()
            if user is not None and user.email != f"{username}@example.org":
                raise CommandError(f"The username {username} is taken: create the demo on a new site.")
            if user is None:
                password = DEMO_PASSWORD if username == DEMO_USERNAME else secrets.token_urlsafe(24)
                details = {field: one[field] for field in ("name", "bio", "link")}
                user = self.make_account(username, password, **details)
            if user.avatar_state in {AvatarState.NONE, AvatarState.FAILED}:
                with (self.folder / "avatars" / one["avatar"]).open("rb") as file:
                    change_avatar(user, file)
            users[username] = user
        return users

    def make_admin(self) -> None:
        if not User.objects.filter(username=ADMIN_USERNAME).exists():
            self.make_account(ADMIN_USERNAME, ADMIN_PASSWORD, name="Admin", is_admin=True)

    def make_account(self, username: str, password: str, **details: Any) -> User:
        """Create an account with a confirmed email address, so that it can sign in."""
        if settings.PRODUCTION and username in {DEMO_USERNAME, ADMIN_USERNAME}:
            password = secrets.token_urlsafe(18)
            self.say(f"Password of {username}: {password}")
        email = f"{username}@example.org"
        return create_user(username=username, email=email, password=password, **details)

    # --- Posts ---------------------------------------------------------------------------------------------------

    def make_post(self, one: dict[str, Any], users: dict[str, User], now: datetime) -> Post:
        """Return the post. If an earlier run created it, find it by author and caption."""
        author = users[one["author"]]
        post = Post.objects.filter(author=author, caption=one["caption"], deleted_at__isnull=True).first()
        if post is not None:
            return post
        with ExitStack() as files:
            uploads = [
                Upload(self.open_photo(files, photo["file"]), photo["file"], photo["alt"]) for photo in one["photos"]
            ]
            return create_post(
                author=author,
                uploads=uploads,
                caption=one["caption"],
                location=one["location"],
                at=now - timedelta(hours=one["hours_ago"]),
            )

    def open_photo(self, files: ExitStack, name: str) -> BinaryIO:
        return cast("BinaryIO", files.enter_context((self.folder / "photos" / name).open("rb")))

    def make_responses(self, post: Post, one: dict[str, Any], users: dict[str, User]) -> None:
        for username in one["likes"]:
            like_post(post, liker=users[username])
        for comment in one["comments"]:
            author, text = users[comment["author"]], comment["text"]
            if not Comment.objects.filter(post=post, author=author, text=text).exists():
                add_comment(
                    post, author=author, text=text, at=post.created_at + timedelta(hours=comment["hours_later"])
                )

    # --- Rendering -----------------------------------------------------------------------------------------------

    def render(self, posts: list[Post], users: list[User]) -> None:
        """Render all photos: workers begin with the oldest, and this process with the newest.

        This uses two cores, and works without any worker. The tasks lock a photo, so none is rendered twice.
        """
        for post in posts:
            retry_post(post)
        unfinished = {"state__in": [MediaState.PENDING, MediaState.PROCESSING]}
        media = Media.objects.filter(post__in=posts, **unfinished).order_by("-id")
        pictures = User.objects.filter(pk__in=[user.pk for user in users], avatar_state=AvatarState.PROCESSING)

        def left() -> list[tuple[Any, int]]:
            work: list[tuple[Any, int]] = [
                (process_video if kind == MediaKind.VIDEO else process_media, pk)
                for pk, kind in media.values_list("pk", "kind")
            ]
            return work + [(process_avatar, pk) for pk in pictures.values_list("pk", flat=True)]

        for task, pk in self.progress("Photos", left()):
            task(pk)
        until = time.monotonic() + WAIT_SECONDS
        while (work := left()) and time.monotonic() < until:
            # A worker is rendering it, in which case the task does nothing, or it needs another attempt.
            time.sleep(0.2)
            for task, pk in work:
                task(pk)
        for post in posts:
            publish_if_ready(post.pk)
        failed = Media.objects.filter(post__in=posts, state=MediaState.FAILED)
        if work or failed.exists():
            reasons = "; ".join(f"{one.original_name}: {one.error}" for one in failed)
            raise CommandError(f"{len(work) + failed.count()} photos are not rendered. {reasons} Run it again.".strip())

    # --- Telling -------------------------------------------------------------------------------------------------

    def progress(self, label: str, items: list[Any]) -> Any:
        """Yield the items and show the progress: as a bar on a terminal, otherwise as one line at the end."""
        began = time.monotonic()
        moves = self.stdout.isatty()
        for number, item in enumerate(items):
            if moves:
                bar = "█" * (30 * number // len(items))
                self.stdout.write(f"\r{label:<20} {bar:░<30} {number}/{len(items)}", ending="")
                self.stdout.flush()
            yield item
        done = f"{label:<20} {len(items)} ({time.monotonic() - began:.1f} s)"
        self.say(f"\r{done:<70}" if moves else done)

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
