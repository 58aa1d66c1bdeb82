-- Functions, triggers and cascades of the database; written by tests/project/test_database_code.py.

-- accounts_user_card_changed
CREATE OR REPLACE FUNCTION public.accounts_user_card_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    NEW.card_version := OLD.card_version + 1;
    RETURN NEW;
END $function$;

-- accounts_user_check_username
CREATE OR REPLACE FUNCTION public.accounts_user_check_username()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF EXISTS (SELECT FROM accounts_oldusername
               WHERE username = NEW.username AND person_id <> NEW.id AND given_up_at > clock_timestamp() - interval '14 days')
    THEN RAISE EXCEPTION 'the username % is held for its former owner', NEW.username
        USING ERRCODE = 'unique_violation', CONSTRAINT = 'username_is_held', TABLE = 'accounts_user';
    END IF;
    RETURN NULL;
END $function$;

-- api_access_oauthapp_take_shard
CREATE OR REPLACE FUNCTION public.api_access_oauthapp_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.owner_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- api_access_oauthgrant_take_shard
CREATE OR REPLACE FUNCTION public.api_access_oauthgrant_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.person_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- api_access_personaltoken_take_shard
CREATE OR REPLACE FUNCTION public.api_access_personaltoken_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.person_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- coarse_count
CREATE OR REPLACE FUNCTION public.coarse_count(count integer)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
    SELECT CASE WHEN count < 32 THEN count
        ELSE count >> (28 - position(B'1' IN count::bit(32))) << (28 - position(B'1' IN count::bit(32))) END
$function$;

-- explore_score
CREATE OR REPLACE FUNCTION public.explore_score(likes integer, id bigint)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN ((id >> 23) + ((((172800000)::double precision * ln(((0.25)::double precision + (GREATEST(likes, 0))::double precision))) / ln((2)::double precision)))::bigint);

-- feed_dismissedperson_take_shard
CREATE OR REPLACE FUNCTION public.feed_dismissedperson_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.person_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- feed_notinterested_take_shard
CREATE OR REPLACE FUNCTION public.feed_notinterested_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.person_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- feed_tagfollow_take_shard
CREATE OR REPLACE FUNCTION public.feed_tagfollow_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.person_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- feed_tagmute_take_shard
CREATE OR REPLACE FUNCTION public.feed_tagmute_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.person_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- names_in
CREATE OR REPLACE FUNCTION public.names_in(content text)
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
    SELECT ARRAY(SELECT lower(found[1]) FROM
        regexp_matches(content, '[@＠]([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)', 'g') AS found)
$function$;

-- notifications_notification_take_shard
CREATE OR REPLACE FUNCTION public.notifications_notification_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.recipient_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- notifications_occurrence_take_shard
CREATE OR REPLACE FUNCTION public.notifications_occurrence_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.recipient_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- personal_data_export_take_shard
CREATE OR REPLACE FUNCTION public.personal_data_export_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.person_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- posts_collection_take_shard
CREATE OR REPLACE FUNCTION public.posts_collection_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.owner_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- posts_comment_take_shard
CREATE OR REPLACE FUNCTION public.posts_comment_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.author_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- posts_commentlike_take_shard
CREATE OR REPLACE FUNCTION public.posts_commentlike_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.person_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- posts_count_uses
CREATE OR REPLACE FUNCTION public.posts_count_uses()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO common_countdelta (counter, object_id, delta)
    VALUES ('hashtag.uses', coalesce(NEW.hashtag_id, OLD.hashtag_id), CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END);
    RETURN NULL;
END $function$;

-- posts_like_take_shard
CREATE OR REPLACE FUNCTION public.posts_like_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.liker_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- posts_media_card_changed
CREATE OR REPLACE FUNCTION public.posts_media_card_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE posts_post SET card_version = card_version + 1
    WHERE id IN (OLD.post_id, NEW.post_id) AND published_at IS NOT NULL;
    RETURN NULL;
END $function$;

-- posts_media_take_shard
CREATE OR REPLACE FUNCTION public.posts_media_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.owner_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- posts_mention_take_shard
CREATE OR REPLACE FUNCTION public.posts_mention_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.person_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- posts_persontag_take_shard
CREATE OR REPLACE FUNCTION public.posts_persontag_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.person_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- posts_post_card_changed
CREATE OR REPLACE FUNCTION public.posts_post_card_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    NEW.card_version := OLD.card_version + 1;
    RETURN NEW;
END $function$;

-- posts_post_take_shard
CREATE OR REPLACE FUNCTION public.posts_post_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.author_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- posts_refuse_blocked
CREATE OR REPLACE FUNCTION public.posts_refuse_blocked()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    writer bigint;
BEGIN
    IF TG_TABLE_NAME = 'posts_persontag' THEN
        SELECT owner_id INTO writer FROM posts_media WHERE id = NEW.media_id;
    ELSE
        SELECT coalesce((SELECT author_id FROM posts_comment WHERE id = NEW.comment_id), post.author_id)
        INTO writer FROM posts_post AS post WHERE post.id = NEW.post_id;
    END IF;
    IF writer = NEW.person_id THEN
        RETURN NEW;
    END IF;
    PERFORM social_lock_pair(writer, NEW.person_id);
    IF EXISTS (SELECT FROM social_block WHERE blocker_id = writer AND blocked_id = NEW.person_id)
        OR EXISTS (SELECT FROM social_block WHERE blocker_id = NEW.person_id AND blocked_id = writer)
    THEN
        RAISE EXCEPTION 'between % and %: nobody is named beside a block', writer, NEW.person_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'nobody_is_named_beside_a_block', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $function$;

-- posts_save_take_shard
CREATE OR REPLACE FUNCTION public.posts_save_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.person_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- posts_uploadsession_take_shard
CREATE OR REPLACE FUNCTION public.posts_uploadsession_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.owner_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- search_index_post
CREATE OR REPLACE FUNCTION public.search_index_post(wanted bigint)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
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
END $function$;

-- search_pairs
CREATE OR REPLACE FUNCTION public.search_pairs(words text)
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
    SELECT coalesce(array_agg(DISTINCT pair), '{}') FROM (
        SELECT word[at] || ' ' || word[at + 1] AS pair
        FROM (SELECT string_to_array(words, ' ') AS word) AS split, generate_series(1, cardinality(word) - 1) AS at
    ) AS pairs WHERE length(pair) <= 200
$function$;

-- search_part_changed
CREATE OR REPLACE FUNCTION public.search_part_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
END $function$;

-- search_place_changed
CREATE OR REPLACE FUNCTION public.search_place_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
END $function$;

-- search_post_changed
CREATE OR REPLACE FUNCTION public.search_post_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM search_index_post(NEW.id);
    RETURN NULL;
END $function$;

-- search_recentsearch_take_shard
CREATE OR REPLACE FUNCTION public.search_recentsearch_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.person_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- search_term
CREATE OR REPLACE FUNCTION public.search_term(term text)
 RETURNS tsquery
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
    SELECT phraseto_tsquery('public.search_stems', words) && coalesce((
        SELECT string_agg(quote_literal(pair), ' & ')::tsquery FROM unnest(search_pairs(words)) AS pair
    ), ''::tsquery) FROM (SELECT search_words(term) AS words) AS said
$function$;

-- search_words
CREATE OR REPLACE FUNCTION public.search_words(text)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
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
END $function$;

-- snowflake_id
CREATE OR REPLACE FUNCTION public.snowflake_id(at timestamp with time zone DEFAULT clock_timestamp(), shard integer DEFAULT NULL::integer)
 RETURNS bigint
 LANGUAGE sql
AS $function$
    SELECT ((extract(epoch FROM at) * 1000)::bigint - 1767225600000) << 23
         | (coalesce(shard, floor(random() * 8192)::integer)::bigint << 10)
         | nextval('snowflake_sequence')
$function$;

-- social_block_take_shard
CREATE OR REPLACE FUNCTION public.social_block_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.blocker_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- social_check_pair
CREATE OR REPLACE FUNCTION public.social_check_pair()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
END $function$;

-- social_closefriend_take_shard
CREATE OR REPLACE FUNCTION public.social_closefriend_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.owner_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- social_follow_take_shard
CREATE OR REPLACE FUNCTION public.social_follow_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.follower_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- social_followrequest_take_shard
CREATE OR REPLACE FUNCTION public.social_followrequest_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.requester_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- social_lock_pair
CREATE OR REPLACE FUNCTION public.social_lock_pair(one bigint, other bigint)
 RETURNS void
 LANGUAGE sql
AS $function$
    SELECT pg_advisory_xact_lock(hashtextextended('pair ' || least(one, other) || ' ' || greatest(one, other), 0))
$function$;

-- social_mute_take_shard
CREATE OR REPLACE FUNCTION public.social_mute_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.muter_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- social_restrict_take_shard
CREATE OR REPLACE FUNCTION public.social_restrict_take_shard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
        BEGIN
            NEW.id := (NEW.id & ~8387584::bigint) | (NEW.restricter_id & 8387584::bigint);
            RETURN NEW;
        END $function$;

-- accounts_user_card_changed (trigger)
CREATE TRIGGER accounts_user_card_changed BEFORE UPDATE OF username, name, avatar, avatar_state, is_private ON public.accounts_user FOR EACH ROW WHEN (((((((old.username)::text IS DISTINCT FROM (new.username)::text) OR ((old.name)::text IS DISTINCT FROM (new.name)::text)) OR (old.avatar IS DISTINCT FROM new.avatar)) OR ((old.avatar_state)::text IS DISTINCT FROM (new.avatar_state)::text)) OR (old.is_private IS DISTINCT FROM new.is_private))) EXECUTE FUNCTION accounts_user_card_changed();

-- accounts_user_check_username (trigger)
CREATE TRIGGER accounts_user_check_username AFTER INSERT OR UPDATE OF username ON public.accounts_user FOR EACH ROW EXECUTE FUNCTION accounts_user_check_username();

-- api_access_oauthapp_take_shard (trigger)
CREATE TRIGGER api_access_oauthapp_take_shard BEFORE INSERT ON public.api_access_oauthapp FOR EACH ROW EXECUTE FUNCTION api_access_oauthapp_take_shard();

-- api_access_oauthgrant_take_shard (trigger)
CREATE TRIGGER api_access_oauthgrant_take_shard BEFORE INSERT ON public.api_access_oauthgrant FOR EACH ROW EXECUTE FUNCTION api_access_oauthgrant_take_shard();

-- api_access_personaltoken_take_shard (trigger)
CREATE TRIGGER api_access_personaltoken_take_shard BEFORE INSERT ON public.api_access_personaltoken FOR EACH ROW EXECUTE FUNCTION api_access_personaltoken_take_shard();

-- feed_dismissedperson_take_shard (trigger)
CREATE TRIGGER feed_dismissedperson_take_shard BEFORE INSERT ON public.feed_dismissedperson FOR EACH ROW EXECUTE FUNCTION feed_dismissedperson_take_shard();

-- feed_notinterested_take_shard (trigger)
CREATE TRIGGER feed_notinterested_take_shard BEFORE INSERT ON public.feed_notinterested FOR EACH ROW EXECUTE FUNCTION feed_notinterested_take_shard();

-- feed_tagfollow_take_shard (trigger)
CREATE TRIGGER feed_tagfollow_take_shard BEFORE INSERT ON public.feed_tagfollow FOR EACH ROW EXECUTE FUNCTION feed_tagfollow_take_shard();

-- feed_tagmute_take_shard (trigger)
CREATE TRIGGER feed_tagmute_take_shard BEFORE INSERT ON public.feed_tagmute FOR EACH ROW EXECUTE FUNCTION feed_tagmute_take_shard();

-- notifications_notification_take_shard (trigger)
CREATE TRIGGER notifications_notification_take_shard BEFORE INSERT ON public.notifications_notification FOR EACH ROW EXECUTE FUNCTION notifications_notification_take_shard();

-- notifications_occurrence_take_shard (trigger)
CREATE TRIGGER notifications_occurrence_take_shard BEFORE INSERT ON public.notifications_occurrence FOR EACH ROW EXECUTE FUNCTION notifications_occurrence_take_shard();

-- personal_data_export_take_shard (trigger)
CREATE TRIGGER personal_data_export_take_shard BEFORE INSERT ON public.personal_data_export FOR EACH ROW EXECUTE FUNCTION personal_data_export_take_shard();

-- posts_collection_take_shard (trigger)
CREATE TRIGGER posts_collection_take_shard BEFORE INSERT ON public.posts_collection FOR EACH ROW EXECUTE FUNCTION posts_collection_take_shard();

-- posts_comment_take_shard (trigger)
CREATE TRIGGER posts_comment_take_shard BEFORE INSERT ON public.posts_comment FOR EACH ROW EXECUTE FUNCTION posts_comment_take_shard();

-- posts_commentlike_take_shard (trigger)
CREATE TRIGGER posts_commentlike_take_shard BEFORE INSERT ON public.posts_commentlike FOR EACH ROW EXECUTE FUNCTION posts_commentlike_take_shard();

-- posts_count_uses (trigger)
CREATE TRIGGER posts_count_uses AFTER INSERT OR DELETE ON public.posts_posthashtag FOR EACH ROW EXECUTE FUNCTION posts_count_uses();

-- posts_like_take_shard (trigger)
CREATE TRIGGER posts_like_take_shard BEFORE INSERT ON public.posts_like FOR EACH ROW EXECUTE FUNCTION posts_like_take_shard();

-- posts_media_card_changed (trigger)
CREATE TRIGGER posts_media_card_changed AFTER INSERT OR DELETE ON public.posts_media FOR EACH ROW EXECUTE FUNCTION posts_media_card_changed();

-- posts_media_card_changed_by_update
CREATE TRIGGER posts_media_card_changed_by_update AFTER UPDATE OF post_id, "position", kind, alt, width, height, captions, state, renditions, video, placeholder ON public.posts_media FOR EACH ROW WHEN ((((((((((((old.post_id IS DISTINCT FROM new.post_id) OR (old."position" IS DISTINCT FROM new."position")) OR ((old.kind)::text IS DISTINCT FROM (new.kind)::text)) OR ((old.alt)::text IS DISTINCT FROM (new.alt)::text)) OR (old.width IS DISTINCT FROM new.width)) OR (old.height IS DISTINCT FROM new.height)) OR ((old.captions)::text IS DISTINCT FROM (new.captions)::text)) OR ((old.state)::text IS DISTINCT FROM (new.state)::text)) OR (old.renditions IS DISTINCT FROM new.renditions)) OR (old.video IS DISTINCT FROM new.video)) OR ((old.placeholder)::text IS DISTINCT FROM (new.placeholder)::text))) EXECUTE FUNCTION posts_media_card_changed();

-- posts_media_take_shard (trigger)
CREATE TRIGGER posts_media_take_shard BEFORE INSERT ON public.posts_media FOR EACH ROW EXECUTE FUNCTION posts_media_take_shard();

-- posts_mention_refuse_blocked
CREATE TRIGGER posts_mention_refuse_blocked BEFORE INSERT ON public.posts_mention FOR EACH ROW EXECUTE FUNCTION posts_refuse_blocked();

-- posts_mention_take_shard (trigger)
CREATE TRIGGER posts_mention_take_shard BEFORE INSERT ON public.posts_mention FOR EACH ROW EXECUTE FUNCTION posts_mention_take_shard();

-- posts_persontag_refuse_blocked
CREATE TRIGGER posts_persontag_refuse_blocked BEFORE INSERT ON public.posts_persontag FOR EACH ROW EXECUTE FUNCTION posts_refuse_blocked();

-- posts_persontag_take_shard (trigger)
CREATE TRIGGER posts_persontag_take_shard BEFORE INSERT ON public.posts_persontag FOR EACH ROW EXECUTE FUNCTION posts_persontag_take_shard();

-- posts_post_card_changed (trigger)
CREATE TRIGGER posts_post_card_changed BEFORE UPDATE OF author_id, caption, unlinked, location, audience, edited_at, comments_off, hide_likes ON public.posts_post FOR EACH ROW WHEN (((((((((old.author_id IS DISTINCT FROM new.author_id) OR (old.caption IS DISTINCT FROM new.caption)) OR (old.unlinked IS DISTINCT FROM new.unlinked)) OR ((old.location)::text IS DISTINCT FROM (new.location)::text)) OR ((old.audience)::text IS DISTINCT FROM (new.audience)::text)) OR (old.edited_at IS DISTINCT FROM new.edited_at)) OR (old.comments_off IS DISTINCT FROM new.comments_off)) OR (old.hide_likes IS DISTINCT FROM new.hide_likes))) EXECUTE FUNCTION posts_post_card_changed();

-- posts_post_take_shard (trigger)
CREATE TRIGGER posts_post_take_shard BEFORE INSERT ON public.posts_post FOR EACH ROW EXECUTE FUNCTION posts_post_take_shard();

-- posts_save_take_shard (trigger)
CREATE TRIGGER posts_save_take_shard BEFORE INSERT ON public.posts_save FOR EACH ROW EXECUTE FUNCTION posts_save_take_shard();

-- posts_uploadsession_take_shard (trigger)
CREATE TRIGGER posts_uploadsession_take_shard BEFORE INSERT ON public.posts_uploadsession FOR EACH ROW EXECUTE FUNCTION posts_uploadsession_take_shard();

-- search_media_changed
CREATE TRIGGER search_media_changed AFTER UPDATE OF alt, post_id, kind ON public.posts_media FOR EACH ROW WHEN (((((old.alt)::text IS DISTINCT FROM (new.alt)::text) OR (old.post_id IS DISTINCT FROM new.post_id)) OR ((old.kind)::text IS DISTINCT FROM (new.kind)::text))) EXECUTE FUNCTION search_part_changed();

-- search_media_there
CREATE TRIGGER search_media_there AFTER INSERT OR DELETE ON public.posts_media FOR EACH ROW EXECUTE FUNCTION search_part_changed();

-- search_place_changed (trigger)
CREATE TRIGGER search_place_changed AFTER INSERT OR DELETE OR UPDATE OF place_id ON public.search_postdocument FOR EACH ROW EXECUTE FUNCTION search_place_changed();

-- search_post_changed (trigger)
CREATE TRIGGER search_post_changed AFTER UPDATE OF caption, location, published_at, deleted_at ON public.posts_post FOR EACH ROW WHEN (((((old.caption IS DISTINCT FROM new.caption) OR ((old.location)::text IS DISTINCT FROM (new.location)::text)) OR ((old.published_at IS NULL) IS DISTINCT FROM (new.published_at IS NULL))) OR ((old.deleted_at IS NULL) IS DISTINCT FROM (new.deleted_at IS NULL)))) EXECUTE FUNCTION search_post_changed();

-- search_post_is_there
CREATE TRIGGER search_post_is_there AFTER INSERT ON public.posts_post FOR EACH ROW WHEN ((new.published_at IS NOT NULL)) EXECUTE FUNCTION search_post_changed();

-- search_recentsearch_take_shard (trigger)
CREATE TRIGGER search_recentsearch_take_shard BEFORE INSERT ON public.search_recentsearch FOR EACH ROW EXECUTE FUNCTION search_recentsearch_take_shard();

-- search_tags_changed
CREATE TRIGGER search_tags_changed AFTER INSERT OR DELETE ON public.posts_posthashtag FOR EACH ROW EXECUTE FUNCTION search_part_changed();

-- social_block_check_pair
CREATE TRIGGER social_block_check_pair BEFORE INSERT OR UPDATE ON public.social_block FOR EACH ROW EXECUTE FUNCTION social_check_pair('blocker_id', 'blocked_id');

-- social_block_take_shard (trigger)
CREATE TRIGGER social_block_take_shard BEFORE INSERT ON public.social_block FOR EACH ROW EXECUTE FUNCTION social_block_take_shard();

-- social_closefriend_check_pair
CREATE TRIGGER social_closefriend_check_pair BEFORE INSERT OR UPDATE ON public.social_closefriend FOR EACH ROW EXECUTE FUNCTION social_check_pair('owner_id', 'friend_id');

-- social_closefriend_take_shard (trigger)
CREATE TRIGGER social_closefriend_take_shard BEFORE INSERT ON public.social_closefriend FOR EACH ROW EXECUTE FUNCTION social_closefriend_take_shard();

-- social_follow_check_pair
CREATE TRIGGER social_follow_check_pair BEFORE INSERT OR UPDATE ON public.social_follow FOR EACH ROW EXECUTE FUNCTION social_check_pair('follower_id', 'followee_id');

-- social_follow_take_shard (trigger)
CREATE TRIGGER social_follow_take_shard BEFORE INSERT ON public.social_follow FOR EACH ROW EXECUTE FUNCTION social_follow_take_shard();

-- social_followrequest_check_pair
CREATE TRIGGER social_followrequest_check_pair BEFORE INSERT OR UPDATE ON public.social_followrequest FOR EACH ROW EXECUTE FUNCTION social_check_pair('requester_id', 'target_id');

-- social_followrequest_take_shard (trigger)
CREATE TRIGGER social_followrequest_take_shard BEFORE INSERT ON public.social_followrequest FOR EACH ROW EXECUTE FUNCTION social_followrequest_take_shard();

-- social_mute_take_shard (trigger)
CREATE TRIGGER social_mute_take_shard BEFORE INSERT ON public.social_mute FOR EACH ROW EXECUTE FUNCTION social_mute_take_shard();

-- social_restrict_take_shard (trigger)
CREATE TRIGGER social_restrict_take_shard BEFORE INSERT ON public.social_restrict FOR EACH ROW EXECUTE FUNCTION social_restrict_take_shard();

-- feed_dismissedperson_dismissed_id_gone_with
ALTER TABLE feed_dismissedperson ADD CONSTRAINT feed_dismissedperson_dismissed_id_gone_with FOREIGN KEY (dismissed_id) REFERENCES accounts_user(id) ON DELETE CASCADE;

-- feed_dismissedperson_person_id_gone_with
ALTER TABLE feed_dismissedperson ADD CONSTRAINT feed_dismissedperson_person_id_gone_with FOREIGN KEY (person_id) REFERENCES accounts_user(id) ON DELETE CASCADE;

-- feed_notinterested_person_id_gone_with
ALTER TABLE feed_notinterested ADD CONSTRAINT feed_notinterested_person_id_gone_with FOREIGN KEY (person_id) REFERENCES accounts_user(id) ON DELETE CASCADE;

-- feed_notinterested_post_id_gone_with
ALTER TABLE feed_notinterested ADD CONSTRAINT feed_notinterested_post_id_gone_with FOREIGN KEY (post_id) REFERENCES posts_post(id) ON DELETE CASCADE;

-- feed_pulledauthor_author_id_gone_with
ALTER TABLE feed_pulledauthor ADD CONSTRAINT feed_pulledauthor_author_id_gone_with FOREIGN KEY (author_id) REFERENCES accounts_user(id) ON DELETE CASCADE;

-- notifications_notification_comment_id_gone_with
ALTER TABLE notifications_notification ADD CONSTRAINT notifications_notification_comment_id_gone_with FOREIGN KEY (comment_id) REFERENCES posts_comment(id) ON DELETE CASCADE;

-- notifications_notification_post_id_gone_with
ALTER TABLE notifications_notification ADD CONSTRAINT notifications_notification_post_id_gone_with FOREIGN KEY (post_id) REFERENCES posts_post(id) ON DELETE CASCADE;

-- notifications_notification_recipient_id_gone_with
ALTER TABLE notifications_notification ADD CONSTRAINT notifications_notification_recipient_id_gone_with FOREIGN KEY (recipient_id) REFERENCES accounts_user(id) ON DELETE CASCADE;

-- notifications_occurrence_actor_id_gone_with
ALTER TABLE notifications_occurrence ADD CONSTRAINT notifications_occurrence_actor_id_gone_with FOREIGN KEY (actor_id) REFERENCES accounts_user(id) ON DELETE CASCADE;

-- notifications_occurrence_comment_id_gone_with
ALTER TABLE notifications_occurrence ADD CONSTRAINT notifications_occurrence_comment_id_gone_with FOREIGN KEY (comment_id) REFERENCES posts_comment(id) ON DELETE CASCADE;

-- notifications_occurrence_comment_like_id_gone_with
ALTER TABLE notifications_occurrence ADD CONSTRAINT notifications_occurrence_comment_like_id_gone_with FOREIGN KEY (comment_like_id) REFERENCES posts_commentlike(id) ON DELETE CASCADE;

-- notifications_occurrence_follow_id_gone_with
ALTER TABLE notifications_occurrence ADD CONSTRAINT notifications_occurrence_follow_id_gone_with FOREIGN KEY (follow_id) REFERENCES social_follow(id) ON DELETE CASCADE;

-- notifications_occurrence_like_id_gone_with
ALTER TABLE notifications_occurrence ADD CONSTRAINT notifications_occurrence_like_id_gone_with FOREIGN KEY (like_id) REFERENCES posts_like(id) ON DELETE CASCADE;

-- notifications_occurrence_mention_id_gone_with
ALTER TABLE notifications_occurrence ADD CONSTRAINT notifications_occurrence_mention_id_gone_with FOREIGN KEY (mention_id) REFERENCES posts_mention(id) ON DELETE CASCADE;

-- notifications_occurrence_notification_id_gone_with
ALTER TABLE notifications_occurrence ADD CONSTRAINT notifications_occurrence_notification_id_gone_with FOREIGN KEY (notification_id) REFERENCES notifications_notification(id) ON DELETE CASCADE;

-- notifications_occurrence_request_id_gone_with
ALTER TABLE notifications_occurrence ADD CONSTRAINT notifications_occurrence_request_id_gone_with FOREIGN KEY (request_id) REFERENCES social_followrequest(id) ON DELETE CASCADE;

-- notifications_occurrence_tag_id_gone_with
ALTER TABLE notifications_occurrence ADD CONSTRAINT notifications_occurrence_tag_id_gone_with FOREIGN KEY (tag_id) REFERENCES posts_persontag(id) ON DELETE CASCADE;

-- posts_comment_parent_id_gone_with
ALTER TABLE posts_comment ADD CONSTRAINT posts_comment_parent_id_gone_with FOREIGN KEY (parent_id) REFERENCES posts_comment(id) ON DELETE CASCADE;

-- posts_commentlike_comment_id_gone_with
ALTER TABLE posts_commentlike ADD CONSTRAINT posts_commentlike_comment_id_gone_with FOREIGN KEY (comment_id) REFERENCES posts_comment(id) ON DELETE CASCADE;

-- posts_mention_comment_id_gone_with
ALTER TABLE posts_mention ADD CONSTRAINT posts_mention_comment_id_gone_with FOREIGN KEY (comment_id) REFERENCES posts_comment(id) ON DELETE CASCADE;

-- search_postdocument_post_id_gone_with
ALTER TABLE search_postdocument ADD CONSTRAINT search_postdocument_post_id_gone_with FOREIGN KEY (post_id) REFERENCES posts_post(id) ON DELETE CASCADE;
