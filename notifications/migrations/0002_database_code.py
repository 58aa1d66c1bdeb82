"""Create the database code of notifications: see docs/database.md. Frozen; a change is a new migration."""

from django.db import migrations


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
    dependencies = [("notifications", "0001_initial"), ("posts", "0002_database_code")]

    operations = [
        take_shard("notifications_notification", "recipient_id"),
        take_shard("notifications_occurrence", "recipient_id"),
        db_cascade("notifications_notification", "recipient_id", "accounts_user"),
        db_cascade("notifications_notification", "post_id", "posts_post"),
        db_cascade("notifications_notification", "comment_id", "posts_comment"),
        db_cascade("notifications_occurrence", "notification_id", "notifications_notification"),
        db_cascade("notifications_occurrence", "actor_id", "accounts_user"),
        db_cascade("notifications_occurrence", "follow_id", "social_follow"),
        db_cascade("notifications_occurrence", "like_id", "posts_like"),
        db_cascade("notifications_occurrence", "comment_id", "posts_comment"),
        db_cascade("notifications_occurrence", "request_id", "social_followrequest"),
        db_cascade("notifications_occurrence", "comment_like_id", "posts_commentlike"),
        db_cascade("notifications_occurrence", "mention_id", "posts_mention"),
        db_cascade("notifications_occurrence", "tag_id", "posts_persontag"),
    ]
