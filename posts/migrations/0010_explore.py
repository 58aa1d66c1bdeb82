"""The order of Explore, as a function and its index."""

from django.db import migrations, models
from django.db.models import Q

import posts.models.post

PUBLISHED = Q(
    ("archived_at__isnull", True),
    ("deleted_at__isnull", True),
    ("published_at__isnull", False),
    ("removed_at__isnull", True),
)


class Migration(migrations.Migration):
    dependencies = [
        ("posts", "0009_hide_likes"),
    ]

    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION explore_score(likes integer, id bigint) RETURNS bigint
            LANGUAGE sql IMMUTABLE PARALLEL SAFE
            RETURN (id >> 23) + (172800000 * ln(0.25::float8 + greatest(likes, 0)) / ln(2::float8))::bigint
            """,
            "DROP FUNCTION explore_score(integer, bigint)",
        ),
        migrations.RemoveIndex(model_name="post", name="posts_best_liked"),
        migrations.AddIndex(
            model_name="post",
            index=models.Index(
                models.OrderBy(posts.models.post.ExploreScore("folded_likes", "id"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=PUBLISHED,
                name="posts_to_explore",
            ),
        ),
    ]
