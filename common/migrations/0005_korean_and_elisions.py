"""`search_words` with a word for each syllable of Korean and with the words after an apostrophe.

- Korean hangs particles on its words ("번역을"), so its syllables are a word each, like Chinese signs, and words are
  found as runs of them. The same holds for Lao, Tibetan, Burmese, Khmer and Bopomofo.
- French, Italian and Catalan join words by an apostrophe ("l’été", "dell'arte"): such a word is written down joined, as
  before, and then in its parts. English endings ("don't", "it's") are no words of their own.
"""

from django.db import migrations

ALONE = (
    r"\u0e00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2190-\u2bff\u3040-\u312f\u3130-\u318f\u3400-\u4dbf"
    r"\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00010000-\U0003ffff"
)
NOTHING = r"\u0300-\u036f\u200c\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff"
SPACES = (
    r"\u0001-\u0020\u0080-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf"
    r"\u2000-\u206f\u3000-\u303f\uff00-\uff65"
)
LETTER = rf"[^\u0001-\u002f\u003a-\u0060\u007b-\u007f{SPACES}]"
LATIN = "translate(words, 'абвгдезийклмнопрстуфхцыэіїєґўјαβγδεζηικλμνξοπρσςτυφω', 'abvgdeziiklmnoprstufhcyeiieguiavgdeziiklmnxoprsstyfo')"
for letter, letters in {
    "ж": "zh",
    "ч": "ch",
    "ш": "sh",
    "щ": "shch",
    "ю": "yu",
    "я": "ya",
    "ъ": "",
    "ь": "",
    "θ": "th",
    "χ": "ch",
    "ψ": "ps",
}.items():
    LATIN = f"replace({LATIN}, '{letter}', '{letters}')"

NEW = rf"""
CREATE OR REPLACE FUNCTION search_words(text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    words text := lower($1);
BEGIN
    IF octet_length(words) <> char_length(words) THEN
        words := translate(words, '’‘ʼʻ', '''''''''');
        words := lower(public.unaccent('public.unaccent'::regdictionary, normalize(words, NFKC)));
        words := normalize(regexp_replace(normalize(words, NFKD), '[{NOTHING}]', '', 'g'), NFC);
        IF words ~ '[\u0370-\u04ff]' THEN
            words := {LATIN};
        END IF;
    END IF;
    IF strpos(words, '''') > 0 THEN
        words := regexp_replace(words, '({LETTER})''(s|t|m|d|re|ve|ll)(?!{LETTER}|'')', '\1\2', 'g');
        words := regexp_replace(words, '({LETTER}+)''({LETTER}+)''({LETTER}+)', '\1\2\3 \1 \2 \3', 'g');
        words := regexp_replace(words, '({LETTER}+)''({LETTER}+)', '\1\2 \1 \2', 'g');
        words := replace(words, '''', '');
    END IF;
    words := btrim(regexp_replace(words, '[^a-z0-9\u0080-\U0010ffff]+|[{SPACES}]+', ' ', 'g'));
    IF octet_length(words) <> char_length(words) THEN
        words := (
            SELECT string_agg(
                CASE WHEN part[1] < chr(128) COLLATE "C" THEN part[1]
                ELSE ' x' || encode(convert_to(part[1], 'UTF8'), 'hex') || ' ' END, '')
            FROM regexp_matches(words, '([\u0001-\u007f]+|[{ALONE}]|[^\u0001-\u007f{ALONE}]{{1,60}})', 'g') AS part
        );
        words := btrim(regexp_replace(words, ' +', ' ', 'g'));
    END IF;
    RETURN words;
END $$;
"""  # noqa: S608  (constants of this module)


class Migration(migrations.Migration):
    dependencies = [("common", "0004_rate_limits")]

    operations = [migrations.RunSQL(NEW, migrations.RunSQL.noop)]
