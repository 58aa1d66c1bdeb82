from django.contrib.postgres.operations import TrigramExtension, UnaccentExtension
from django.db import migrations, models

SNOWFLAKES = r"""
CREATE SEQUENCE snowflake_sequence AS integer MINVALUE 0 MAXVALUE 1023 CYCLE;

-- One sequence for all shards: an id can repeat only if 1,024 are made within one millisecond, and the primary
-- key then refuses it. `at` is for imports with dates of their own.
CREATE FUNCTION snowflake_id(at timestamptz DEFAULT clock_timestamp(), shard integer DEFAULT NULL)
RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT ((extract(epoch FROM at) * 1000)::bigint - 1767225600000) << 23
         | (coalesce(shard, floor(random() * 8192)::integer)::bigint << 10)
         | nextval('snowflake_sequence')
$$;
"""

SEARCH_WORDS = r"""
-- unaccent() reads a dictionary and is therefore STABLE; ours never changes. Its name is qualified because pg_restore
-- runs without a search path.
CREATE FUNCTION search_words(text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    words text := lower($1);
BEGIN
    IF octet_length(words) <> char_length(words) THEN
        words := translate(words, '’‘ʼʻ', '''''''''');
        words := lower(public.unaccent('public.unaccent'::regdictionary, normalize(words, NFKC)));
        words := normalize(regexp_replace(normalize(words, NFKD), '[\u0300-\u036f\u200c\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]', '', 'g'), NFC);
        IF words ~ '[\u0370-\u04ff]' THEN
            words := replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(translate(words, 'абвгдезийклмнопрстуфхцыэіїєґўјαβγδεζηικλμνξοπρσςτυφω', 'abvgdeziiklmnoprstufhcyeiieguiavgdeziiklmnxoprsstyfo'), 'ж', 'zh'), 'ч', 'ch'), 'ш', 'sh'), 'щ', 'shch'), 'ю', 'yu'), 'я', 'ya'), 'ъ', ''), 'ь', ''), 'θ', 'th'), 'χ', 'ch'), 'ψ', 'ps');
        END IF;
    END IF;
    IF strpos(words, '''') > 0 THEN
        words := regexp_replace(words, '([^\u0001-\u002f\u003a-\u0060\u007b-\u007f\u0001-\u0020\u0080-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u2000-\u206f\u3000-\u303f\uff00-\uff65])''(s|t|m|d|re|ve|ll)(?![^\u0001-\u002f\u003a-\u0060\u007b-\u007f\u0001-\u0020\u0080-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u2000-\u206f\u3000-\u303f\uff00-\uff65]|'')', '\1\2', 'g');
        words := regexp_replace(words, '([^\u0001-\u002f\u003a-\u0060\u007b-\u007f\u0001-\u0020\u0080-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u2000-\u206f\u3000-\u303f\uff00-\uff65]+)''([^\u0001-\u002f\u003a-\u0060\u007b-\u007f\u0001-\u0020\u0080-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u2000-\u206f\u3000-\u303f\uff00-\uff65]+)''([^\u0001-\u002f\u003a-\u0060\u007b-\u007f\u0001-\u0020\u0080-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u2000-\u206f\u3000-\u303f\uff00-\uff65]+)', '\1\2\3 \1 \2 \3', 'g');
        words := regexp_replace(words, '([^\u0001-\u002f\u003a-\u0060\u007b-\u007f\u0001-\u0020\u0080-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u2000-\u206f\u3000-\u303f\uff00-\uff65]+)''([^\u0001-\u002f\u003a-\u0060\u007b-\u007f\u0001-\u0020\u0080-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u2000-\u206f\u3000-\u303f\uff00-\uff65]+)', '\1\2 \1 \2', 'g');
        words := replace(words, '''', '');
    END IF;
    words := btrim(regexp_replace(words, '[^a-z0-9\u0080-\U0010ffff]+|[\u0001-\u0020\u0080-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u2000-\u206f\u3000-\u303f\uff00-\uff65]+', ' ', 'g'));
    IF octet_length(words) <> char_length(words) THEN
        words := (
            SELECT string_agg(
                CASE WHEN part[1] < chr(128) COLLATE "C" THEN part[1]
                ELSE ' x' || encode(convert_to(part[1], 'UTF8'), 'hex') || ' ' END, '')
            FROM regexp_matches(words, '([\u0001-\u007f]+|[\u0e00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2190-\u2bff\u3040-\u312f\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00010000-\U0003ffff]|[^\u0001-\u007f\u0e00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2190-\u2bff\u3040-\u312f\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00010000-\U0003ffff]{1,60})', 'g') AS part
        );
        words := btrim(regexp_replace(words, ' +', ' ', 'g'));
    END IF;
    RETURN words;
END $$;
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        TrigramExtension(),
        UnaccentExtension(),
        migrations.RunSQL(
            SNOWFLAKES, "DROP FUNCTION snowflake_id(timestamptz, integer); DROP SEQUENCE snowflake_sequence"
        ),
        migrations.RunSQL(SEARCH_WORDS, "DROP FUNCTION search_words(text)"),
        migrations.CreateModel(
            name="CountDelta",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("counter", models.CharField(max_length=24)),
                ("object_id", models.BigIntegerField()),
                ("delta", models.SmallIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["counter", "object_id"], include=("delta",), name="deltas_of_a_row")],
            },
        ),
        migrations.CreateModel(
            name="PendingFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("storage", models.CharField(max_length=20)),
                ("key", models.CharField(max_length=200)),
                ("since", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("storage", "key"), name="pending_files_are_unique")],
            },
        ),
        migrations.CreateModel(
            name="RateLimitWindow",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("hits", models.PositiveIntegerField()),
                ("ends_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["ends_at"], name="rate_limits_by_end")],
            },
        ),
        # Written at every hit while Valkey is away, and worthless after a crash.
        migrations.RunSQL(
            "ALTER TABLE common_ratelimitwindow SET UNLOGGED", "ALTER TABLE common_ratelimitwindow SET LOGGED"
        ),
    ]
