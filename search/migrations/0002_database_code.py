"""Create the database code of search: see docs/database.md. Frozen; a change is a new migration."""

from django.db import migrations

STEMS = r"""
-- Stems without stop words, so that "to be or not to be" can be searched for.
CREATE TEXT SEARCH DICTIONARY search_stem (TEMPLATE = snowball, LANGUAGE = english);
CREATE TEXT SEARCH CONFIGURATION search_stems (PARSER = "default");
ALTER TEXT SEARCH CONFIGURATION search_stems ADD MAPPING FOR asciiword WITH search_stem;
ALTER TEXT SEARCH CONFIGURATION search_stems
    ADD MAPPING FOR word, numword, int, uint, float, sfloat, version WITH simple;
"""

TERMS = r"""
CREATE FUNCTION search_pairs(words text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT pair), '{}') FROM (
        SELECT word[at] || ' ' || word[at + 1] AS pair
        FROM (SELECT string_to_array(words, ' ') AS word) AS split, generate_series(1, cardinality(word) - 1) AS at
    ) AS pairs WHERE length(pair) <= 200
$$;
-- The query for the words of a text in this order. The lexemes of pairs narrow it down, so PostgreSQL reads few
-- documents to check the order.
CREATE FUNCTION search_term(term text) RETURNS tsquery LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT phraseto_tsquery('public.search_stems', words) && coalesce((
        SELECT string_agg(quote_literal(pair), ' & ')::tsquery FROM unnest(search_pairs(words)) AS pair
    ), ''::tsquery) FROM (SELECT search_words(term) AS words) AS said
$$;
"""

DOCUMENTS = r"""
CREATE FUNCTION search_index_post(wanted bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    post posts_post;
    its_place_words text;
    its_place bigint;
    lexemes text[];
    its_caption text;
    alts text;
BEGIN
    -- Serializes changes of caption and alt text at the same time; the second one sees both.
    SELECT * INTO post FROM posts_post WHERE id = wanted FOR NO KEY UPDATE;
    IF NOT FOUND OR post.published_at IS NULL OR post.deleted_at IS NOT NULL THEN
        DELETE FROM search_postdocument WHERE post_id = wanted;
        RETURN;
    END IF;
    its_place_words := left(' ' || search_words(post.location), 600);
    IF its_place_words <> ' ' THEN
        -- Locked until the transaction ends, so that the place cannot be deleted as unused.
        LOOP
            SELECT id INTO its_place FROM search_place WHERE words = its_place_words FOR KEY SHARE;
            EXIT WHEN FOUND;
            INSERT INTO search_place (words) VALUES (its_place_words) ON CONFLICT (words) DO NOTHING;
        END LOOP;
    END IF;
    SELECT array_agg('#' || tag.name) INTO lexemes FROM posts_posthashtag AS tagged
        JOIN posts_hashtag AS tag ON tag.id = tagged.hashtag_id WHERE tagged.post_id = wanted;
    SELECT coalesce(lexemes, '{}') || coalesce(array_agg(DISTINCT '%' || kind::text), '{}'),
           string_agg(alt, ' / ' ORDER BY position) FILTER (WHERE alt <> '')
        INTO lexemes, alts FROM posts_media WHERE post_id = wanted;
    lexemes := lexemes || ARRAY['@' || post.author_id, '~22:' || (post.id >> 45), '~24:' || (post.id >> 47), '~26:' || (post.id >> 49), '~28:' || (post.id >> 51), '~30:' || (post.id >> 53), '~32:' || (post.id >> 55)];
    IF its_place IS NOT NULL THEN lexemes := lexemes || ARRAY['%place']; END IF;
    its_caption := search_words(post.caption);
    alts := coalesce(search_words(alts), '');
    lexemes := lexemes || search_pairs(its_caption) || search_pairs(btrim(its_place_words)) || search_pairs(alts);
    INSERT INTO search_postdocument AS before (post_id, place_id, document) VALUES (
        wanted,
        its_place,
        array_to_tsvector(lexemes)
            || setweight(to_tsvector('public.search_stems', its_caption), 'B')
            || setweight(to_tsvector('public.search_stems', its_place_words), 'C')
            || setweight(to_tsvector('public.search_stems', alts), 'D')
    )
    ON CONFLICT (post_id) DO UPDATE SET place_id = excluded.place_id, document = excluded.document
        WHERE (before.place_id, before.document) IS DISTINCT FROM (excluded.place_id, excluded.document);
END $$;

CREATE FUNCTION search_post_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM search_index_post(NEW.id);
    RETURN NULL;
END $$;
-- A post gets its document when it is published.
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
        -- Lock first: the next statement then sees documents that started to use the place meanwhile.
        PERFORM FROM search_place WHERE id = old_place FOR UPDATE;
        DELETE FROM search_place WHERE id = old_place
            AND NOT EXISTS (SELECT FROM search_postdocument WHERE place_id = old_place);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER search_place_changed AFTER INSERT OR DELETE OR UPDATE OF place_id ON search_postdocument
    FOR EACH ROW EXECUTE FUNCTION search_place_changed();
"""

DROP_DOCUMENTS = """
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
    dependencies = [("search", "0001_initial"), ("posts", "0002_database_code")]

    operations = [
        take_shard("search_recentsearch", "person_id"),
        db_cascade("search_postdocument", "post_id", "posts_post"),
        migrations.RunSQL(
            STEMS, "DROP TEXT SEARCH CONFIGURATION search_stems; DROP TEXT SEARCH DICTIONARY search_stem"
        ),
        migrations.RunSQL(TERMS, "DROP FUNCTION search_term(text); DROP FUNCTION search_pairs(text)"),
        migrations.RunSQL(DOCUMENTS, DROP_DOCUMENTS),
    ]
