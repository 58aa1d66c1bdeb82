import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """The models are renamed; their tables keep their names."""

    dependencies = [("accounts", "0002_database_code")]

    operations = [
        migrations.AlterModelTable("MobileWish", "accounts_mobilewish"),
        migrations.RenameModel("MobileWish", "PendingMobile"),
        migrations.AlterField(
            "PendingMobile",
            "person",
            models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="pending_mobile",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterModelTable("KeptAnswer", "accounts_keptanswer"),
        migrations.RenameModel("KeptAnswer", "IdempotencyRecord"),
    ]
