"""Add posts_post.card_version, which triggers move with everything that a card shows. Frozen."""

from django.db import migrations, models

CARD_VERSION = r"""
-- A cached card is found by this number, so whatever changes its content must move it.
CREATE FUNCTION posts_post_card_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.card_version := OLD.card_version + 1;
    RETURN NEW;
END $$;
CREATE TRIGGER posts_post_card_changed
    BEFORE UPDATE OF author_id, caption, unlinked, location, audience, edited_at, comments_off, hide_likes ON posts_post
    FOR EACH ROW WHEN (
        (OLD.author_id, OLD.caption, OLD.unlinked, OLD.location, OLD.audience, OLD.edited_at, OLD.comments_off,
         OLD.hide_likes)
        IS DISTINCT FROM
        (NEW.author_id, NEW.caption, NEW.unlinked, NEW.location, NEW.audience, NEW.edited_at, NEW.comments_off,
         NEW.hide_likes)
    ) EXECUTE FUNCTION posts_post_card_changed();

-- Cards of unpublished posts are not cached, so rendering their files does not touch the row of the post.
CREATE FUNCTION posts_media_card_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE posts_post SET card_version = card_version + 1
    WHERE id IN (OLD.post_id, NEW.post_id) AND published_at IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER posts_media_card_changed AFTER INSERT OR DELETE ON posts_media
    FOR EACH ROW EXECUTE FUNCTION posts_media_card_changed();
CREATE TRIGGER posts_media_card_changed_by_update
    AFTER UPDATE OF post_id, position, kind, alt, width, height, captions, state, renditions, video, placeholder
    ON posts_media FOR EACH ROW WHEN (
        (OLD.post_id, OLD.position, OLD.kind, OLD.alt, OLD.width, OLD.height, OLD.captions, OLD.state, OLD.renditions,
         OLD.video, OLD.placeholder)
        IS DISTINCT FROM
        (NEW.post_id, NEW.position, NEW.kind, NEW.alt, NEW.width, NEW.height, NEW.captions, NEW.state, NEW.renditions,
         NEW.video, NEW.placeholder)
    ) EXECUTE FUNCTION posts_media_card_changed();
"""

WITHOUT_CARD_VERSION = r"""
DROP TRIGGER posts_media_card_changed_by_update ON posts_media;
DROP TRIGGER posts_media_card_changed ON posts_media;
DROP FUNCTION posts_media_card_changed();
DROP TRIGGER posts_post_card_changed ON posts_post;
DROP FUNCTION posts_post_card_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("posts", "0002_database_code")]

    operations = [
        migrations.AddField(
            "post", "card_version", models.PositiveIntegerField(default=1, db_default=1, editable=False)
        ),
        migrations.RunSQL(CARD_VERSION, WITHOUT_CARD_VERSION),
    ]
