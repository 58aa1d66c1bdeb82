from django.contrib.postgres.operations import UnaccentExtension
from django.db import migrations

from common.search_words import CREATE_SEARCH_WORDS


class Migration(migrations.Migration):
    dependencies = [("common", "0002_loose_files")]

    operations = [UnaccentExtension(), CREATE_SEARCH_WORDS]
