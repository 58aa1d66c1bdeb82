from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("social", "0003_relations")]

    operations = [
        migrations.AddField(
            model_name="follow",
            name="was_asked",
            # In the database too: the version before this one inserts follows without it while it is replaced.
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
    ]
