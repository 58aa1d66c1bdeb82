from django.db import migrations, models


class Migration(migrations.Migration):
    """Rename a choice in forms. Changes nothing in the database."""

    dependencies = [("accounts", "0007_avatar_crop")]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="who_may_tag",
            field=models.CharField(
                choices=[("everyone", "Everyone"), ("following", "People I follow"), ("nobody", "No one")],
                default="everyone",
                editable=False,
                max_length=9,
            ),
        ),
    ]
