"""Add posts_post.caption_names, so that showing a post does not search its caption for names. Frozen.

PostgreSQL writes the table anew for this column, and locks it meanwhile: about twenty seconds for a million posts.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

NAMES_IN = r"""
-- What follows an @ in a text, in lower case, as linkify finds names.
CREATE FUNCTION names_in(content text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT ARRAY(SELECT lower(found[1]) FROM
        regexp_matches(content, '[@＠]([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)', 'g') AS found)
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("posts", "0005_coarse_likes")]

    operations = [
        migrations.RunSQL(NAMES_IN, "DROP FUNCTION names_in(text)"),
        migrations.AddField(
            "post",
            "caption_names",
            models.GeneratedField(
                expression=models.Func("caption", function="names_in", output_field=ArrayField(models.TextField())),
                output_field=ArrayField(models.TextField()),
                db_persist=True,
            ),
        ),
    ]
