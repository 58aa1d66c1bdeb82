"""Hidden words of scripts without spaces are compared letter by letter, so that they are found within longer text."""

from django.db import migrations

# The letters of these scripts get a space on both sides in the patterns that were kept; all else stays.
LETTER = (
    r"[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u312f"
    r"\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
    r"[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u0f18-\u0f3f\u0f71-\u0f84\u102b-\u103e"
    r"\u17b6-\u17d3\u3099\u309a]*"
)

SPACE_OUT = rf"""
CREATE TEMPORARY TABLE hidden_word_spaced ON COMMIT DROP AS
    SELECT id, owner_id, btrim(regexp_replace(regexp_replace(pattern, '({LETTER})', ' \1 ', 'g'), ' +', ' ', 'g'))
        AS pattern
    FROM posts_hiddenword WHERE pattern ~ '{LETTER}';
-- Two that compared as different may compare as equal now: the first stays.
DELETE FROM posts_hiddenword USING hidden_word_spaced AS spaced, hidden_word_spaced AS first
    WHERE posts_hiddenword.id = spaced.id AND first.id < spaced.id AND first.pattern = spaced.pattern
    AND first.owner_id IS NOT DISTINCT FROM spaced.owner_id;
UPDATE posts_hiddenword SET pattern = spaced.pattern FROM hidden_word_spaced AS spaced
    WHERE posts_hiddenword.id = spaced.id;
"""  # noqa: S608  (constants of this module)


class Migration(migrations.Migration):
    dependencies = [("posts", "0013_blank_means_nothing_visible")]

    operations = [migrations.RunSQL(SPACE_OUT, migrations.RunSQL.noop)]
