"""Add posts_post.coarse_likes, so that folding likes seldom changes an index. Frozen.

PostgreSQL writes the table anew for this column, and locks it meanwhile: about ten seconds for a million posts.
"""

from django.db import migrations, models

COARSE_COUNT = r"""
-- The five highest bits of a count. An index on it changes 16 times while the count doubles, and not at each change.
CREATE FUNCTION coarse_count(count integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN count < 32 THEN count
        ELSE count >> (28 - position(B'1' IN count::bit(32))) << (28 - position(B'1' IN count::bit(32))) END
$$;
"""

# Pages keep room for new versions of their rows: an update of columns without an index then changes no index.
ROOM = "ALTER TABLE posts_post SET (fillfactor = 90)"
NO_ROOM = "ALTER TABLE posts_post RESET (fillfactor)"


def explore_score():
    return models.Func("coarse_likes", "id", function="explore_score", output_field=models.BigIntegerField())


PUBLISHED = models.Q(
    ("archived_at__isnull", True),
    ("deleted_at__isnull", True),
    ("published_at__isnull", False),
    ("removed_at__isnull", True),
)


class Migration(migrations.Migration):
    dependencies = [("posts", "0004_comments_by_author")]

    operations = [
        migrations.RunSQL(COARSE_COUNT, "DROP FUNCTION coarse_count(integer)"),
        # Before the column, which then writes the pages with room.
        migrations.RunSQL(ROOM, NO_ROOM),
        migrations.RemoveIndex("post", "posts_to_explore"),
        migrations.AddField(
            "post",
            "coarse_likes",
            models.GeneratedField(
                expression=models.Func("folded_likes", function="coarse_count", output_field=models.IntegerField()),
                output_field=models.IntegerField(),
                db_persist=True,
            ),
        ),
        migrations.AddIndex(
            "post",
            models.Index(explore_score().desc(), models.F("id").desc(), condition=PUBLISHED, name="posts_to_explore"),
        ),
    ]
