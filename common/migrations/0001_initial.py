from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models

from common.ids import CREATE_SNOWFLAKES


class Migration(migrations.Migration):
    initial = True

    operations = [
        TrigramExtension(),
        CREATE_SNOWFLAKES,
        migrations.CreateModel(
            name="CountDelta",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("counter", models.CharField(max_length=24)),
                ("object_id", models.BigIntegerField()),
                ("delta", models.SmallIntegerField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["counter", "object_id"], include=["delta"], name="deltas_of_a_row"),
                ],
            },
        ),
    ]
