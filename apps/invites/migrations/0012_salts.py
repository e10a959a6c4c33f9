from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("invites", "0011_visitor_counted_once_an_hour")]

    operations = [
        migrations.CreateModel(
            name="Salt",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("value", models.CharField(max_length=64)),
            ],
        ),
    ]
