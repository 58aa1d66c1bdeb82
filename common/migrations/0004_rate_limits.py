from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("common", "0003_search_words")]

    operations = [
        migrations.CreateModel(
            name="RateLimitWindow",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("hits", models.PositiveIntegerField()),
                ("ends_at", models.DateTimeField()),
            ],
            options={"indexes": [models.Index(fields=["ends_at"], name="rate_limits_by_end")]},
        ),
        # Written at every hit while Valkey is away, and of no use after a crash.
        migrations.RunSQL(
            "ALTER TABLE common_ratelimitwindow SET UNLOGGED", "ALTER TABLE common_ratelimitwindow SET LOGGED"
        ),
    ]
