"""The triggers that keep `PostDocument` and `Place`: what a post is found by changes with it, in one transaction.

A document has, beside the stemmed words of caption (weight B), place (C) and alt texts (D), lexemes that no word is:

    @<id>        its author: a name may change, and thousands of documents need not
    #<name>      a tag of its caption
    %video       a kind of its media; %photo; %place where it says where it is
    ~<level>:<n> when: the n-th stretch of 2^level milliseconds
    <a> <b>      two words as they stand beside each other: phrases, and words in scripts without spaces

By the last a search for a common word looks at the newest posts alone: the index intersects the two lists and skips
what lies between (`search.posts`).
"""

from __future__ import annotations

from typing import Final

from django.db.migrations.operations import RunSQL

from common.ids import TIME_SHIFT
from common.search_words import MAX_WORDS_CHARS

LEVELS: Final = (22, 24, 26, 28, 30, 32)
"""Stretches of 2^level milliseconds: 70 minutes, and each four times as long as the one before, up to 50 days.

What is found less than `search.posts.SLAB` times in two of these has short lists: a longer stretch would only add one.
"""

CONFIGURATION: Final = "public.search_stems"
MAX_PAIR_CHARS: Final = 200
"""A lexeme has at most 2,046 bytes, and nobody looks for such words beside each other."""

_STRETCHES = ", ".join(f"'~{level}:' || (post.id >> {TIME_SHIFT + level})" for level in LEVELS)

CREATE_STEMS = RunSQL(
    """
    -- Stems without a list of words to leave out: «to be or not to be» can be looked for.
    CREATE TEXT SEARCH DICTIONARY search_stem (TEMPLATE = snowball, LANGUAGE = english);
    CREATE TEXT SEARCH CONFIGURATION search_stems (PARSER = "default");
    ALTER TEXT SEARCH CONFIGURATION search_stems ADD MAPPING FOR asciiword WITH search_stem;
    ALTER TEXT SEARCH CONFIGURATION search_stems
        ADD MAPPING FOR word, numword, int, uint, float, sfloat, version WITH simple;
    """,
    """
    DROP TEXT SEARCH CONFIGURATION search_stems;
    DROP TEXT SEARCH DICTIONARY search_stem;
    """,
)

CREATE_TERMS = RunSQL(
    f"""
    CREATE FUNCTION search_pairs(words text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT coalesce(array_agg(DISTINCT pair), '{{}}') FROM (
            SELECT word[at] || ' ' || word[at + 1] AS pair
            FROM (SELECT string_to_array(words, ' ') AS word) AS split, generate_series(1, cardinality(word) - 1) AS at
        ) AS pairs WHERE length(pair) <= {MAX_PAIR_CHARS}
    $$;
    -- What a document must have for the words of a text to stand in it one after the other. With the pairs alone looked
    -- up, PostgreSQL reads few documents to see in which order the words are.
    CREATE FUNCTION search_term(term text) RETURNS tsquery LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT phraseto_tsquery('{CONFIGURATION}', words) && coalesce((
            SELECT string_agg(quote_literal(pair), ' & ')::tsquery FROM unnest(search_pairs(words)) AS pair
        ), ''::tsquery) FROM (SELECT search_words(term) AS words) AS said
    $$;
    """,  # noqa: S608  (constants of this module)
    "DROP FUNCTION search_term(text); DROP FUNCTION search_pairs(text);",
)

CREATE_TRIGGERS = RunSQL(
    f"""
    CREATE FUNCTION search_index_post(wanted bigint) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        post posts_post;
        its_place_words text;
        its_place bigint;
        lexemes text[];
        its_caption text;
        alts text;
    BEGIN
        -- Whoever changes caption and alt text at once comes here one after the other, and the second sees both.
        SELECT * INTO post FROM posts_post WHERE id = wanted FOR NO KEY UPDATE;
        IF NOT FOUND OR post.published_at IS NULL OR post.deleted_at IS NOT NULL THEN
            DELETE FROM search_postdocument WHERE post_id = wanted;
            RETURN;
        END IF;
        its_place_words := left(' ' || search_words(post.location), {MAX_WORDS_CHARS});
        IF its_place_words <> ' ' THEN
            -- Held until the end of the transaction, so that nobody takes it for unused meanwhile.
            LOOP
                SELECT id INTO its_place FROM search_place WHERE words = its_place_words FOR KEY SHARE;
                EXIT WHEN FOUND;
                INSERT INTO search_place (words) VALUES (its_place_words) ON CONFLICT (words) DO NOTHING;
            END LOOP;
        END IF;
        SELECT array_agg('#' || tag.name) INTO lexemes FROM posts_posthashtag AS tagged
            JOIN posts_hashtag AS tag ON tag.id = tagged.hashtag_id WHERE tagged.post_id = wanted;
        SELECT coalesce(lexemes, '{{}}') || coalesce(array_agg(DISTINCT '%' || kind::text), '{{}}'),
               string_agg(alt, ' / ' ORDER BY position) FILTER (WHERE alt <> '')
            INTO lexemes, alts FROM posts_media WHERE post_id = wanted;
        lexemes := lexemes || ARRAY['@' || post.author_id, {_STRETCHES}];
        IF its_place IS NOT NULL THEN lexemes := lexemes || ARRAY['%place']; END IF;
        its_caption := search_words(post.caption);
        alts := coalesce(search_words(alts), '');
        lexemes := lexemes || search_pairs(its_caption) || search_pairs(btrim(its_place_words)) || search_pairs(alts);
        INSERT INTO search_postdocument AS before (post_id, place_id, document) VALUES (
            wanted,
            its_place,
            array_to_tsvector(lexemes)
                || setweight(to_tsvector('{CONFIGURATION}', its_caption), 'B')
                || setweight(to_tsvector('{CONFIGURATION}', its_place_words), 'C')
                || setweight(to_tsvector('{CONFIGURATION}', alts), 'D')
        )
        ON CONFLICT (post_id) DO UPDATE SET place_id = excluded.place_id, document = excluded.document
            WHERE (before.place_id, before.document) IS DISTINCT FROM (excluded.place_id, excluded.document);
    END $$;

    CREATE FUNCTION search_post_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM search_index_post(NEW.id);
        RETURN NULL;
    END $$;
    -- While a post is processing there is nothing to find: publishing it is what makes its document.
    CREATE TRIGGER search_post_is_there AFTER INSERT ON posts_post
        FOR EACH ROW WHEN (NEW.published_at IS NOT NULL) EXECUTE FUNCTION search_post_changed();
    CREATE TRIGGER search_post_changed AFTER UPDATE OF caption, location, published_at, deleted_at ON posts_post
        FOR EACH ROW WHEN ((OLD.caption, OLD.location, OLD.published_at IS NULL, OLD.deleted_at IS NULL)
            IS DISTINCT FROM (NEW.caption, NEW.location, NEW.published_at IS NULL, NEW.deleted_at IS NULL))
        EXECUTE FUNCTION search_post_changed();

    CREATE FUNCTION search_part_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' AND OLD.post_id IS NOT NULL THEN
            PERFORM search_index_post(OLD.post_id);
        END IF;
        IF TG_OP <> 'DELETE' AND NEW.post_id IS NOT NULL
            AND (TG_OP = 'INSERT' OR NEW.post_id IS DISTINCT FROM OLD.post_id)
        THEN
            PERFORM search_index_post(NEW.post_id);
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER search_media_there AFTER INSERT OR DELETE ON posts_media
        FOR EACH ROW EXECUTE FUNCTION search_part_changed();
    CREATE TRIGGER search_media_changed AFTER UPDATE OF alt, post_id, kind ON posts_media
        FOR EACH ROW WHEN ((OLD.alt, OLD.post_id, OLD.kind) IS DISTINCT FROM (NEW.alt, NEW.post_id, NEW.kind))
        EXECUTE FUNCTION search_part_changed();
    CREATE TRIGGER search_tags_changed AFTER INSERT OR DELETE ON posts_posthashtag
        FOR EACH ROW EXECUTE FUNCTION search_part_changed();

    CREATE FUNCTION search_place_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        old_place bigint;
        new_place bigint;
    BEGIN
        IF TG_OP <> 'INSERT' THEN old_place := OLD.place_id; END IF;
        IF TG_OP <> 'DELETE' THEN new_place := NEW.place_id; END IF;
        IF old_place IS NOT DISTINCT FROM new_place THEN RETURN NULL; END IF;
        INSERT INTO common_countdelta (counter, object_id, delta)
            SELECT 'place.uses', id, delta FROM (VALUES (old_place, -1), (new_place, 1)) AS change (id, delta)
            WHERE id IS NOT NULL;
        IF old_place IS NOT NULL THEN
            -- The lock first: the statement after it sees whoever took the place meanwhile.
            PERFORM FROM search_place WHERE id = old_place FOR UPDATE;
            DELETE FROM search_place WHERE id = old_place
                AND NOT EXISTS (SELECT FROM search_postdocument WHERE place_id = old_place);
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER search_place_changed AFTER INSERT OR DELETE OR UPDATE OF place_id ON search_postdocument
        FOR EACH ROW EXECUTE FUNCTION search_place_changed();
    """,  # noqa: S608  (constants of this module)
    """
    DROP TRIGGER search_post_is_there ON posts_post;
    DROP TRIGGER search_post_changed ON posts_post;
    DROP TRIGGER search_media_there ON posts_media;
    DROP TRIGGER search_media_changed ON posts_media;
    DROP TRIGGER search_tags_changed ON posts_posthashtag;
    DROP TRIGGER search_place_changed ON search_postdocument;
    DROP FUNCTION search_place_changed();
    DROP FUNCTION search_part_changed();
    DROP FUNCTION search_post_changed();
    DROP FUNCTION search_index_post(bigint);
    """,
)

INDEX_ALL = RunSQL(
    "SELECT search_index_post(id) FROM posts_post WHERE published_at IS NOT NULL AND deleted_at IS NULL",
    RunSQL.noop,
)
