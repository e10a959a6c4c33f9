from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("invites", "0009_links_found_by_what_they_are_of")]

    # With defaults of the database's, so that processes which do not know the columns go on.
    operations = [
        migrations.AddField(
            model_name="visit",
            name="device",
            field=models.CharField(
                blank=True,
                choices=[
                    ("phone", "Phone"),
                    ("tablet", "Tablet"),
                    ("desktop", "Desktop"),
                    ("mini_program", "Mini Program"),
                    ("app", "App"),
                ],
                db_default="",
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="visit",
            name="visitor",
            field=models.CharField(blank=True, db_default="", max_length=22),
        ),
        migrations.AlterField(
            model_name="visit",
            name="skipped",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "yes"),
                    ("bot", "no: a bot"),
                    ("preview", "no: a card drawn of it"),
                    ("prefetch", "no: looked ahead"),
                    ("head", "no: only the head"),
                    ("repeat", "no: again within the hour"),
                ],
                max_length=8,
                verbose_name="counted",
            ),
        ),
    ]
