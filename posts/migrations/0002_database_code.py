"""Create the database code of posts: see docs/database.md. Frozen; a change is a new migration."""

from django.db import migrations

REFUSE_BLOCKED = r"""
-- No new mention or tag between two people with a block. Rows from before the block stay and are never shown.
CREATE FUNCTION posts_refuse_blocked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    writer bigint;
BEGIN
    IF TG_TABLE_NAME = 'posts_persontag' THEN
        SELECT owner_id INTO writer FROM posts_media WHERE id = NEW.media_id;
    ELSE
        SELECT coalesce((SELECT author_id FROM posts_comment WHERE id = NEW.comment_id), post.author_id)
        INTO writer FROM posts_post AS post WHERE post.id = NEW.post_id;
    END IF;
    IF writer = NEW.person_id THEN
        RETURN NEW;
    END IF;
    PERFORM social_lock_pair(writer, NEW.person_id);
    IF EXISTS (SELECT FROM social_block WHERE blocker_id = writer AND blocked_id = NEW.person_id)
        OR EXISTS (SELECT FROM social_block WHERE blocker_id = NEW.person_id AND blocked_id = writer)
    THEN
        RAISE EXCEPTION 'between % and %: nobody is named beside a block', writer, NEW.person_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'nobody_is_named_beside_a_block', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER posts_mention_refuse_blocked BEFORE INSERT ON posts_mention
    FOR EACH ROW EXECUTE FUNCTION posts_refuse_blocked();
CREATE TRIGGER posts_persontag_refuse_blocked BEFORE INSERT ON posts_persontag
    FOR EACH ROW EXECUTE FUNCTION posts_refuse_blocked();
"""

COUNT_USES = r"""
-- posts.models.HASHTAG_USES: like every count, one inserted row for each change.
CREATE FUNCTION posts_count_uses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO common_countdelta (counter, object_id, delta)
    VALUES ('hashtag.uses', coalesce(NEW.hashtag_id, OLD.hashtag_id), CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END);
    RETURN NULL;
END $$;
CREATE TRIGGER posts_count_uses AFTER INSERT OR DELETE ON posts_posthashtag
    FOR EACH ROW EXECUTE FUNCTION posts_count_uses();
"""


def take_shard(table: str, owner: str) -> migrations.RunSQL:
    """Give new rows of `table` the shard of their owner, whose id is in the column `owner`.

    A column default cannot read another column, so a trigger moves the owner's shard bits into the new id.
    """
    name = f"{table}_take_shard"
    return migrations.RunSQL(
        f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.{owner} & 8387584::bigint);
            RETURN NEW;
        END $$;
        CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}();
        """,
        f"DROP TRIGGER {name} ON {table}; DROP FUNCTION {name}();",
    )


def db_cascade(table: str, column: str, target: str) -> migrations.RunSQL:
    """Have the database delete rows of `table` with the row of `target` that their `column` references.

    For a ForeignKey with DO_NOTHING and `db_constraint=False`: code that deletes the target need not know `table`, and
    no query is added. Checked at once, not at the commit, so that an INSERT fails where it is made.
    """
    name = f"{table}_{column}_gone_with"
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({column}) REFERENCES {target} (id) ON DELETE CASCADE",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [("posts", "0001_initial"), ("social", "0002_database_code")]

    operations = [
        take_shard("posts_post", "author_id"),
        take_shard("posts_media", "owner_id"),
        take_shard("posts_like", "liker_id"),
        take_shard("posts_comment", "author_id"),
        take_shard("posts_uploadsession", "owner_id"),
        take_shard("posts_commentlike", "person_id"),
        take_shard("posts_mention", "person_id"),
        take_shard("posts_persontag", "person_id"),
        take_shard("posts_collection", "owner_id"),
        take_shard("posts_save", "person_id"),
        db_cascade("posts_comment", "parent_id", "posts_comment"),
        db_cascade("posts_commentlike", "comment_id", "posts_comment"),
        db_cascade("posts_mention", "comment_id", "posts_comment"),
        migrations.RunSQL(
            REFUSE_BLOCKED,
            "DROP TRIGGER posts_mention_refuse_blocked ON posts_mention; DROP TRIGGER posts_persontag_refuse_blocked ON posts_persontag; DROP FUNCTION posts_refuse_blocked()",
        ),
        migrations.RunSQL(
            COUNT_USES, "DROP TRIGGER posts_count_uses ON posts_posthashtag; DROP FUNCTION posts_count_uses()"
        ),
    ]
