"""Create the database code of feed: see docs/database.md. Frozen; a change is a new migration."""

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
    dependencies = [("feed", "0001_initial"), ("posts", "0002_database_code")]

    operations = [
        take_shard("feed_tagfollow", "person_id"),
        take_shard("feed_tagmute", "person_id"),
        take_shard("feed_dismissedperson", "person_id"),
        take_shard("feed_notinterested", "person_id"),
        db_cascade("feed_dismissedperson", "person_id", "accounts_user"),
        db_cascade("feed_dismissedperson", "dismissed_id", "accounts_user"),
        db_cascade("feed_notinterested", "person_id", "accounts_user"),
        db_cascade("feed_notinterested", "post_id", "posts_post"),
    ]
