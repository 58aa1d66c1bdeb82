import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("posts", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Place",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        db_default=models.Func(function="snowflake_id", output_field=models.BigIntegerField()),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("words", models.TextField(unique=True)),
                ("folded_uses", models.IntegerField(db_default=0, default=0, editable=False)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["-folded_uses", "-id"], name="places_by_uses"),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(models.F("words"), "gin_trgm_ops"),
                        fastupdate=False,
                        name="places_by_part_of_words",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PostDocument",
            fields=[
                (
                    "post",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="document",
                        serialize=False,
                        to="posts.post",
                    ),
                ),
                ("document", django.contrib.postgres.search.SearchVectorField()),
                (
                    "place",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        to="search.place",
                    ),
                ),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fastupdate=False, fields=["document"], name="posts_by_words"
                    ),
                    models.Index(
                        condition=models.Q(("place__isnull", False)), fields=["place", "-post"], name="posts_of_place"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RecentSearch",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        db_default=models.Func(function="snowflake_id", output_field=models.BigIntegerField()),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("text", models.CharField(max_length=300)),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["person", "-id"], name="searches_newest_first")],
                "constraints": [models.UniqueConstraint(fields=("person", "text"), name="recent_search_once")],
            },
        ),
    ]
