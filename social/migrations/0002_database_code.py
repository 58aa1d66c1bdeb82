"""Create the database code of social: see docs/database.md. Frozen; a change is a new migration."""

from django.db import migrations

PAIRS = r"""
-- Locks the relations between two people until the transaction ends, in whichever order they are given: a change
-- by one sees everything that the other has committed.
CREATE FUNCTION social_lock_pair(one bigint, other bigint) RETURNS void LANGUAGE sql VOLATILE AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('pair ' || least(one, other) || ' ' || greatest(one, other), 0))
$$;

-- A follow, a request or a close friend cannot exist beside a block, nor a request beside the follow.
CREATE FUNCTION social_check_pair() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    one bigint := (to_jsonb(NEW) ->> TG_ARGV[0])::bigint;
    other bigint := (to_jsonb(NEW) ->> TG_ARGV[1])::bigint;
    problem text;
BEGIN
    PERFORM social_lock_pair(one, other);
    IF TG_TABLE_NAME = 'social_block' THEN
        IF EXISTS (SELECT FROM social_follow WHERE follower_id = one AND followee_id = other)
            OR EXISTS (SELECT FROM social_follow WHERE follower_id = other AND followee_id = one)
            OR EXISTS (SELECT FROM social_followrequest WHERE requester_id = one AND target_id = other)
            OR EXISTS (SELECT FROM social_followrequest WHERE requester_id = other AND target_id = one)
            OR EXISTS (SELECT FROM social_closefriend WHERE owner_id = one AND friend_id = other)
            OR EXISTS (SELECT FROM social_closefriend WHERE owner_id = other AND friend_id = one)
        THEN problem := 'block_ends_all';
        END IF;
    ELSIF EXISTS (SELECT FROM social_block WHERE blocker_id = one AND blocked_id = other)
        OR EXISTS (SELECT FROM social_block WHERE blocker_id = other AND blocked_id = one)
    THEN problem := 'nothing_beside_a_block';
    ELSIF TG_TABLE_NAME = 'social_followrequest'
        AND EXISTS (SELECT FROM social_follow WHERE follower_id = one AND followee_id = other)
        OR TG_TABLE_NAME = 'social_follow'
        AND EXISTS (SELECT FROM social_followrequest WHERE requester_id = one AND target_id = other)
    THEN problem := 'a_request_is_no_follow';
    END IF;
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION 'between % and %: %', one, other, problem
            USING ERRCODE = 'check_violation', CONSTRAINT = problem, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER social_follow_check_pair BEFORE INSERT OR UPDATE ON social_follow
    FOR EACH ROW EXECUTE FUNCTION social_check_pair('follower_id', 'followee_id');
CREATE TRIGGER social_followrequest_check_pair BEFORE INSERT OR UPDATE ON social_followrequest
    FOR EACH ROW EXECUTE FUNCTION social_check_pair('requester_id', 'target_id');
CREATE TRIGGER social_closefriend_check_pair BEFORE INSERT OR UPDATE ON social_closefriend
    FOR EACH ROW EXECUTE FUNCTION social_check_pair('owner_id', 'friend_id');
CREATE TRIGGER social_block_check_pair BEFORE INSERT OR UPDATE ON social_block
    FOR EACH ROW EXECUTE FUNCTION social_check_pair('blocker_id', 'blocked_id');
"""

DROP_PAIRS = """
DROP TRIGGER social_follow_check_pair ON social_follow;
DROP TRIGGER social_followrequest_check_pair ON social_followrequest;
DROP TRIGGER social_closefriend_check_pair ON social_closefriend;
DROP TRIGGER social_block_check_pair ON social_block;
DROP FUNCTION social_check_pair();
DROP FUNCTION social_lock_pair(bigint, bigint);
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


class Migration(migrations.Migration):
    dependencies = [("social", "0001_initial")]

    operations = [
        take_shard("social_follow", "follower_id"),
        take_shard("social_closefriend", "owner_id"),
        take_shard("social_followrequest", "requester_id"),
        take_shard("social_block", "blocker_id"),
        take_shard("social_mute", "muter_id"),
        take_shard("social_restrict", "restricter_id"),
        migrations.RunSQL(PAIRS, DROP_PAIRS),
    ]
