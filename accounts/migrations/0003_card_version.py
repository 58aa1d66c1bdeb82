"""Add accounts_user.card_version, which a trigger moves with everything that cards show of a person. Frozen."""

from django.db import migrations, models

CARD_VERSION = r"""
-- Cached cards of posts and rows of people are found by this number, so whatever changes them must move it.
CREATE FUNCTION accounts_user_card_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.card_version := OLD.card_version + 1;
    RETURN NEW;
END $$;
CREATE TRIGGER accounts_user_card_changed
    BEFORE UPDATE OF username, name, avatar, avatar_state, is_private ON accounts_user
    FOR EACH ROW WHEN (
        (OLD.username, OLD.name, OLD.avatar, OLD.avatar_state, OLD.is_private)
        IS DISTINCT FROM
        (NEW.username, NEW.name, NEW.avatar, NEW.avatar_state, NEW.is_private)
    ) EXECUTE FUNCTION accounts_user_card_changed();
"""

WITHOUT_CARD_VERSION = r"""
DROP TRIGGER accounts_user_card_changed ON accounts_user;
DROP FUNCTION accounts_user_card_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_database_code")]

    operations = [
        migrations.AddField(
            "user", "card_version", models.PositiveIntegerField(default=1, db_default=1, editable=False)
        ),
        migrations.RunSQL(CARD_VERSION, WITHOUT_CARD_VERSION),
    ]
