import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.constraints
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

EXPLORE_SCORE = r"""
CREATE FUNCTION explore_score(likes integer, id bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (id >> 23) + (172800000 * ln(0.25::float8 + greatest(likes, 0)) / ln(2::float8))::bigint
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # Before the index that uses it.
        migrations.RunSQL(EXPLORE_SCORE, "DROP FUNCTION explore_score(integer, bigint)"),
        migrations.CreateModel(
            name="Media",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        db_default=models.Func(function="snowflake_id", output_field=models.BigIntegerField()),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("owner_id", models.BigIntegerField(editable=False)),
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "kind",
                    models.CharField(
                        choices=[("photo", "photo"), ("video", "video")], default="photo", editable=False, max_length=5
                    ),
                ),
                ("alt", models.CharField(blank=True, max_length=8000)),
                ("original", models.CharField(editable=False, max_length=200)),
                ("original_name", models.CharField(blank=True, editable=False, max_length=255)),
                ("width", models.PositiveIntegerField(editable=False)),
                ("height", models.PositiveIntegerField(editable=False)),
                ("duration_ms", models.PositiveIntegerField(default=0, editable=False)),
                ("edits", models.JSONField(default=dict, editable=False)),
                ("captions", models.CharField(blank=True, editable=False, max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "waiting for a worker"),
                            ("processing", "being rendered"),
                            ("ready", "rendered"),
                            ("failed", "failed"),
                        ],
                        default="pending",
                        editable=False,
                        max_length=10,
                    ),
                ),
                ("error", models.CharField(blank=True, editable=False, max_length=300)),
                ("progress", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("attempts", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("queued_at", models.DateTimeField(auto_now_add=True)),
                ("renditions", models.JSONField(default=list, editable=False)),
                ("video", models.JSONField(default=dict, editable=False)),
                ("renderer", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("placeholder", models.CharField(blank=True, editable=False, max_length=600)),
            ],
        ),
        migrations.CreateModel(
            name="Collection",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        db_default=models.Func(function="snowflake_id", output_field=models.BigIntegerField()),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=400)),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="collections",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Comment",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        db_default=models.Func(function="snowflake_id", output_field=models.BigIntegerField()),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("text", models.TextField(max_length=17600)),
                ("pinned_at", models.DateTimeField(editable=False, null=True)),
                ("edited_at", models.DateTimeField(editable=False, null=True)),
                ("hidden_until_approved", models.BooleanField(default=False, editable=False)),
                ("removed_at", models.DateTimeField(editable=False, null=True)),
                (
                    "unlinked",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30), blank=True, default=list, editable=False, size=None
                    ),
                ),
                ("removed_reason", models.CharField(blank=True, editable=False, max_length=500)),
                ("folded_likes", models.IntegerField(default=0, editable=False)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="comments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="replies",
                        to="posts.comment",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CommentLike",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        db_default=models.Func(function="snowflake_id", output_field=models.BigIntegerField()),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "comment",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="likes",
                        to="posts.comment",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="comment_likes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Hashtag",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        db_default=models.Func(function="snowflake_id", output_field=models.BigIntegerField()),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=400, unique=True)),
                ("folded_uses", models.IntegerField(db_default=0, default=0, editable=False)),
                (
                    "words",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Func(
                            "name",
                            arg_joiner=" || ' ' || ",
                            output_field=models.TextField(),
                            template="left(' ' || search_words(%(expressions)s), 600)",
                        ),
                        output_field=models.TextField(),
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["-folded_uses", "-id"], name="hashtags_by_uses"),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(models.F("words"), "gin_trgm_ops"),
                        fastupdate=False,
                        name="hashtags_by_part_of_words",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HiddenWord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("word", models.CharField(max_length=400)),
                ("pattern", models.CharField(editable=False, max_length=1600)),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="hidden_words",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Post",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        db_default=models.Func(function="snowflake_id", output_field=models.BigIntegerField()),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("caption", models.TextField(blank=True, max_length=17600)),
                (
                    "unlinked",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30), blank=True, default=list, editable=False, size=None
                    ),
                ),
                ("location", models.CharField(blank=True, max_length=800)),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "audience",
                    models.CharField(
                        choices=[("everyone", "Everyone"), ("close_friends", "Close friends")],
                        default="everyone",
                        max_length=13,
                    ),
                ),
                ("edited_at", models.DateTimeField(editable=False, null=True)),
                ("archived_at", models.DateTimeField(editable=False, null=True)),
                ("comments_off", models.BooleanField(default=False, editable=False)),
                ("hide_likes", models.BooleanField(db_default=False, default=False, editable=False)),
                ("published_at", models.DateTimeField(editable=False, null=True)),
                ("fanned_out_at", models.DateTimeField(editable=False, null=True)),
                ("removed_at", models.DateTimeField(editable=False, null=True)),
                ("removed_reason", models.CharField(blank=True, editable=False, max_length=500)),
                ("deleted_at", models.DateTimeField(editable=False, null=True)),
                ("folded_likes", models.IntegerField(default=0, editable=False)),
                ("folded_comments", models.IntegerField(default=0, editable=False)),
                (
                    "author",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="posts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PersonTag",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        db_default=models.Func(function="snowflake_id", output_field=models.BigIntegerField()),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("x", models.FloatField()),
                ("y", models.FloatField()),
                ("removed_at", models.DateTimeField(editable=False, null=True)),
                (
                    "media",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="people",
                        to="posts.media",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="person_tags",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "post",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="person_tags", to="posts.post"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Mention",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        db_default=models.Func(function="snowflake_id", output_field=models.BigIntegerField()),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("removed_at", models.DateTimeField(editable=False, null=True)),
                (
                    "comment",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="mentions",
                        to="posts.comment",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mentions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "post",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mentions",
                        to="posts.post",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="media",
            name="post",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="media",
                to="posts.post",
            ),
        ),
        migrations.CreateModel(
            name="Like",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        db_default=models.Func(function="snowflake_id", output_field=models.BigIntegerField()),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "liker",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="likes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "post",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="likes",
                        to="posts.post",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="comment",
            name="post",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="comments", to="posts.post"
            ),
        ),
        migrations.CreateModel(
            name="PostHashtag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "hashtag",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tagged",
                        to="posts.hashtag",
                    ),
                ),
                (
                    "post",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tagged", to="posts.post"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="post",
            name="hashtags",
            field=models.ManyToManyField(related_name="posts", through="posts.PostHashtag", to="posts.hashtag"),
        ),
        migrations.CreateModel(
            name="Save",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        db_default=models.Func(function="snowflake_id", output_field=models.BigIntegerField()),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "collection",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="saves",
                        to="posts.collection",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saves",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "post",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="saves", to="posts.post"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="UploadSession",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        db_default=models.Func(function="snowflake_id", output_field=models.BigIntegerField()),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("owner_id", models.BigIntegerField(editable=False)),
                ("name", models.CharField(blank=True, editable=False, max_length=255)),
                ("size", models.BigIntegerField(editable=False)),
                ("prefix", models.CharField(editable=False, max_length=64, unique=True)),
                (
                    "media",
                    models.OneToOneField(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="upload_session",
                        to="posts.media",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="collection",
            index=models.Index(fields=["owner", "-id"], name="collections_of_owner"),
        ),
        migrations.AddConstraint(
            model_name="collection",
            constraint=models.UniqueConstraint(
                models.F("owner"), django.db.models.functions.text.Lower("name"), name="collection_name_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="collection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "name__regex",
                        "[^\\u0001-\\u0020\\u007f-\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\u2800\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\\U0001bca0-\\U0001bca3\\U0001d159\\U0001d173-\\U0001d17a\\U000e0000-\\U000e0fff]",
                    )
                ),
                name="collection_names_are_visible",
            ),
        ),
        migrations.AddIndex(
            model_name="commentlike",
            index=models.Index(fields=["comment", "-id"], include=("person",), name="comment_likers_newest_first"),
        ),
        migrations.AddConstraint(
            model_name="commentlike",
            constraint=models.UniqueConstraint(fields=("person", "comment"), name="like_a_comment_once"),
        ),
        migrations.AddConstraint(
            model_name="hiddenword",
            constraint=models.UniqueConstraint(
                fields=("owner", "pattern"), name="hide_a_word_once", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="hiddenword",
            constraint=models.CheckConstraint(
                condition=models.Q(("pattern", ""), _negated=True), name="hidden_words_say_something"
            ),
        ),
        migrations.AddIndex(
            model_name="persontag",
            index=models.Index(fields=["person", "-post"], name="photos_of_person"),
        ),
        migrations.AddConstraint(
            model_name="persontag",
            constraint=models.UniqueConstraint(fields=("media", "person"), name="tagged_once_a_photo"),
        ),
        migrations.AddConstraint(
            model_name="persontag",
            constraint=models.CheckConstraint(
                condition=models.Q(("x__gte", 0), ("x__lte", 1), ("y__gte", 0), ("y__lte", 1)),
                name="tags_are_in_the_photo",
            ),
        ),
        migrations.AddConstraint(
            model_name="mention",
            constraint=models.UniqueConstraint(
                fields=("post", "comment", "person"), name="mention_once", nulls_distinct=False
            ),
        ),
        migrations.AddIndex(
            model_name="media",
            index=models.Index(
                condition=models.Q(("post__isnull", True)), fields=["owner_id", "id"], name="media_unshared"
            ),
        ),
        migrations.AddIndex(
            model_name="media",
            index=models.Index(
                condition=models.Q(("state__in", ["pending", "processing"])),
                fields=["queued_at"],
                name="media_unfinished",
            ),
        ),
        migrations.AddConstraint(
            model_name="media",
            constraint=models.UniqueConstraint(
                deferrable=django.db.models.constraints.Deferrable["DEFERRED"],
                fields=("post", "position"),
                name="one_medium_a_position",
            ),
        ),
        migrations.AddIndex(
            model_name="like",
            index=models.Index(fields=["post", "-id"], include=("liker",), name="likers_newest_first"),
        ),
        migrations.AddConstraint(
            model_name="like",
            constraint=models.UniqueConstraint(fields=("liker", "post"), name="like_once"),
        ),
        migrations.AddIndex(
            model_name="comment",
            index=models.Index(fields=["post", "-id"], name="comments_newest_first"),
        ),
        migrations.AddIndex(
            model_name="comment",
            index=models.Index(
                condition=models.Q(("parent", None)), fields=["post", "-id"], name="threads_newest_first"
            ),
        ),
        migrations.AddIndex(
            model_name="comment",
            index=models.Index(
                condition=models.Q(("parent__isnull", False)), fields=["parent", "-id"], name="replies_newest_first"
            ),
        ),
        migrations.AddIndex(
            model_name="comment",
            index=models.Index(
                condition=models.Q(("pinned_at__isnull", False)), fields=["post"], name="comments_pinned"
            ),
        ),
        migrations.AddIndex(
            model_name="comment",
            index=models.Index(
                condition=models.Q(("removed_at__isnull", False)),
                fields=["author", "-removed_at"],
                name="comments_removed",
            ),
        ),
        migrations.AddIndex(
            model_name="comment",
            index=models.Index(
                condition=models.Q(("hidden_until_approved", True)), fields=["post", "author"], name="comments_waiting"
            ),
        ),
        migrations.AddConstraint(
            model_name="comment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "text__regex",
                        "[^\\u0001-\\u0020\\u007f-\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\u2800\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\\U0001bca0-\\U0001bca3\\U0001d159\\U0001d173-\\U0001d17a\\U000e0000-\\U000e0fff]",
                    )
                ),
                name="comments_are_not_blank",
            ),
        ),
        migrations.AddConstraint(
            model_name="comment",
            constraint=models.CheckConstraint(
                condition=models.Q(("pinned_at", None), ("parent", None), _connector="OR"),
                name="replies_are_not_pinned",
            ),
        ),
        migrations.AddConstraint(
            model_name="posthashtag",
            constraint=models.UniqueConstraint(fields=("hashtag", "post"), name="tagged_once"),
        ),
        migrations.AddIndex(
            model_name="post",
            index=models.Index(
                condition=models.Q(
                    ("archived_at__isnull", True),
                    ("deleted_at__isnull", True),
                    ("published_at__isnull", False),
                    ("removed_at__isnull", True),
                ),
                fields=["author", "-id"],
                name="posts_of_author",
            ),
        ),
        migrations.AddIndex(
            model_name="post",
            index=models.Index(
                models.OrderBy(
                    models.Func("folded_likes", "id", function="explore_score", output_field=models.BigIntegerField()),
                    descending=True,
                ),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(
                    ("archived_at__isnull", True),
                    ("deleted_at__isnull", True),
                    ("published_at__isnull", False),
                    ("removed_at__isnull", True),
                ),
                name="posts_to_explore",
            ),
        ),
        migrations.AddIndex(
            model_name="post",
            index=models.Index(
                condition=models.Q(("archived_at__isnull", False), ("deleted_at__isnull", True)),
                fields=["author", "-id"],
                name="posts_archived",
            ),
        ),
        migrations.AddIndex(
            model_name="post",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True), ("published_at__isnull", True)),
                fields=["author", "-id"],
                name="posts_unfinished",
            ),
        ),
        migrations.AddIndex(
            model_name="post",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True), ("removed_at__isnull", False)),
                fields=["author", "-removed_at"],
                name="posts_removed",
            ),
        ),
        migrations.AddIndex(
            model_name="post",
            index=models.Index(
                condition=models.Q(("fanned_out_at__isnull", True), ("published_at__isnull", False)),
                fields=["published_at"],
                name="posts_to_fan_out",
            ),
        ),
        migrations.AddIndex(
            model_name="post",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)), fields=["deleted_at"], name="posts_to_purge"
            ),
        ),
        migrations.AddIndex(
            model_name="save",
            index=models.Index(fields=["person", "-id"], name="saves_newest_first"),
        ),
        migrations.AddIndex(
            model_name="save",
            index=models.Index(
                condition=models.Q(("collection__isnull", False)),
                fields=["collection", "-id"],
                name="saves_of_collection",
            ),
        ),
        migrations.AddConstraint(
            model_name="save",
            constraint=models.UniqueConstraint(fields=("person", "post"), name="save_once"),
        ),
        migrations.AddIndex(
            model_name="uploadsession",
            index=models.Index(fields=["owner_id", "id"], name="upload_sessions_of_owner"),
        ),
        migrations.AddConstraint(
            model_name="uploadsession",
            constraint=models.CheckConstraint(condition=models.Q(("size__gt", 0)), name="uploads_are_not_empty"),
        ),
    ]
