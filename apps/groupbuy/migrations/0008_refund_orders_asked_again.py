"""What is asked of the shop again, when, and how much of it the shop did by itself."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("groupbuy", "0007_freeze_open_rooms"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="refundorder",
            name="refund_outstanding",
        ),
        migrations.AddField(
            model_name="refundorder",
            name="ask_again_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="refundorder",
            name="asks",
            field=models.PositiveSmallIntegerField(
                db_default=1, default=1, help_text="How often the shop was asked, in all."
            ),
        ),
        migrations.AddField(
            model_name="refundorder",
            name="parked_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="refundorder",
            name="reduced_minor",
            field=models.PositiveBigIntegerField(
                db_default=0,
                default=0,
                help_text="What the shop refunded by itself since it was asked.",
            ),
        ),
        migrations.AddField(
            model_name="refundorder",
            name="reminders",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, help_text="How many of them in a row went unanswered."
            ),
        ),
        migrations.AddIndex(
            model_name="refundorder",
            index=models.Index(
                condition=models.Q(("status__in", ["requested", "failed"])),
                fields=["id"],
                name="refund_unresolved",
            ),
        ),
        migrations.AddIndex(
            model_name="refundorder",
            index=models.Index(
                condition=models.Q(("ask_again_at__isnull", False)),
                fields=["ask_again_at"],
                name="refund_ask_due",
            ),
        ),
    ]
