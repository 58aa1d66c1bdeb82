"""`manage.py seed_demo`: through the real actions and the real pipeline, and harmless to run again."""

import json
import shutil
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from posts.models import Comment, Like, Media, Post
from social.models import Follow
from tests.demo.test_content import FOLDER, PEOPLE, POSTS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(tmp_path) -> Path:
    """Three of the people with all their posts among themselves: few photos, so that the test is quick."""
    cast = {"demo", "leila.cooks", "ingrid.solberg"}
    people = [one | {"follows": [name for name in one["follows"] if name in cast]} for one in PEOPLE]
    posts = [
        one
        | {
            "likes": [name for name in one["likes"] if name in cast],
            "comments": [comment for comment in one["comments"] if comment["author"] in cast],
        }
        for one in POSTS
        if one["author"] in cast
    ]
    folder = tmp_path / "demo"
    shutil.copytree(FOLDER / "avatars", folder / "avatars")
    shutil.copytree(FOLDER / "photos", folder / "photos")
    (folder / "people.json").write_text(json.dumps([one for one in people if one["username"] in cast]))
    (folder / "posts.json").write_text(json.dumps(posts))
    return folder


def seed(folder, **options) -> str:
    output = StringIO()
    call_command("seed_demo", folder=folder, stdout=output, **options)
    return output.getvalue()


def rows() -> list[list]:
    """All that the demo makes, without the columns that move by themselves."""
    return [
        list(User.objects.order_by("pk").values_list("pk", "username", "password", "avatar", "avatar_state")),
        list(EmailAddress.objects.order_by("pk").values()),
        list(Follow.objects.order_by("pk").values()),
        list(Post.objects.order_by("pk").values("pk", "caption", "published_at", "version")),
        list(Media.objects.order_by("pk").values()),
        list(Comment.objects.order_by("pk").values("pk", "text", "post_id")),
        list(Like.objects.order_by("pk").values()),
    ]


def test_the_demo_is_whole_without_any_worker_and_stays_as_it_is(folder, client):
    said = seed(folder)

    assert "3 people and 5 posts" in said
    assert Post.objects.visible_to(User.objects.get(username="demo")).count() == 5
    assert all(media.renditions and media.placeholder and media.alt for media in Media.objects.all())
    assert all(user.avatar_url for user in User.objects.exclude(username="admin"))
    assert Follow.objects.count() == 5
    assert client.login(username="demo", password="demo-everyframe")
    assert client.login(username="admin", password="admin-everyframe")
    assert User.objects.get(username="admin").is_superuser
    # Posts and comments are as old as they say.
    post = Post.objects.get(author__username="leila.cooks", caption__contains="Eight hundred steps")
    assert abs(timezone.now() - timedelta(hours=25 * 24 + 5) - post.created_at) < timedelta(minutes=5)
    for comment in Comment.objects.select_related("post"):
        assert comment.post.created_at < comment.created_at < timezone.now()

    before = rows()
    seed(folder)

    assert rows() == before


def test_an_interrupted_run_is_completed_by_the_next(folder, monkeypatch):
    command = "instagram.management.commands.seed_demo"
    calls = []

    def dies_at_the_third(task_id):
        calls.append(task_id)
        if len(calls) == 3:
            raise KeyboardInterrupt
        from posts.tasks import process_media

        process_media(task_id)

    with monkeypatch.context() as interrupted:
        interrupted.setattr(f"{command}.process_media", dies_at_the_third)
        with pytest.raises(KeyboardInterrupt):
            seed(folder)
    assert Media.objects.exclude(state="ready").exists()

    seed(folder)

    assert Post.objects.filter(published_at__isnull=False).count() == Post.objects.count() == 5
    assert Comment.objects.exists()


def test_production_is_left_alone_unless_forced(folder, settings, client):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="--force"):
        seed(folder)
    assert not User.objects.exists()

    said = seed(folder, force=True)

    assert not client.login(username="demo", password="demo-everyframe")
    assert not client.login(username="admin", password="admin-everyframe")
    password = said.partition("Password of admin: ")[2].split()[0]
    assert client.login(username="admin", password=password)
