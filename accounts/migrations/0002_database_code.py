"""Create the database code of accounts: see docs/database.md. Frozen; a change is a new migration."""

from django.db import migrations

HELD_USERNAMES = r"""
-- An AFTER trigger, so that a transaction that waited on the unique index for another to release the username sees
-- here that it is held. accounts.usernames checks first; this decides.
CREATE FUNCTION accounts_user_check_username() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM accounts_oldusername
               WHERE username = NEW.username AND person_id <> NEW.id AND given_up_at > clock_timestamp() - interval '14 days')
    THEN RAISE EXCEPTION 'the username % is held for its former owner', NEW.username
        USING ERRCODE = 'unique_violation', CONSTRAINT = 'username_is_held', TABLE = 'accounts_user';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER accounts_user_check_username AFTER INSERT OR UPDATE OF username ON accounts_user
    FOR EACH ROW EXECUTE FUNCTION accounts_user_check_username();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("common", "0001_initial")]

    operations = [
        migrations.RunSQL(
            HELD_USERNAMES,
            "DROP TRIGGER accounts_user_check_username ON accounts_user; DROP FUNCTION accounts_user_check_username()",
        ),
    ]
