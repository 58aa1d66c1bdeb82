from django.db import migrations


class Migration(migrations.Migration):
    """The model is renamed; its table keeps its name."""

    dependencies = [("common", "0001_initial")]

    operations = [
        migrations.AlterModelTable("LooseFile", "common_loosefile"),
        migrations.RenameModel("LooseFile", "PendingFile"),
    ]
