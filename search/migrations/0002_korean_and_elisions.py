"""What was written down for the search, made anew with the words of `common.0005_korean_and_elisions`."""

from django.db import migrations

# A generated column is computed again with every new version of its row. What `rebuild_search` does in small
# transactions beside a running site is done here at once.
REBUILD = """
UPDATE accounts_user SET name = name WHERE octet_length(name) <> char_length(name) OR strpos(name, '''') > 0;
UPDATE posts_hashtag SET name = name WHERE octet_length(name) <> char_length(name);
SELECT search_index_post(id) FROM posts_post WHERE published_at IS NOT NULL AND deleted_at IS NULL;
DELETE FROM search_place WHERE NOT EXISTS (SELECT FROM search_postdocument WHERE place_id = search_place.id);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("search", "0001_documents"),
        ("common", "0005_korean_and_elisions"),
    ]

    operations = [migrations.RunSQL(REBUILD, migrations.RunSQL.noop)]
