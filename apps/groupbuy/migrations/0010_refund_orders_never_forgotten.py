"""An outstanding refund order is asked for again or parked, and one of nothing is resolved."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("groupbuy", "0009_refund_orders_of_before")]

    operations = [
        migrations.AddConstraint(
            model_name="refundorder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount_minor__gt", 0), ("status", "confirmed"), _connector="OR"
                ),
                name="refund_order_of_nothing_is_resolved",
            ),
        ),
        migrations.AddConstraint(
            model_name="refundorder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("ask_again_at__isnull", False),
                        ("parked_at", None),
                        ("status", "requested"),
                    ),
                    models.Q(
                        ("ask_again_at", None),
                        ("parked_at__isnull", False),
                        ("status", "requested"),
                    ),
                    models.Q(
                        models.Q(("status", "requested"), _negated=True),
                        ("ask_again_at", None),
                        ("parked_at", None),
                    ),
                    _connector="OR",
                ),
                name="refund_order_asked_again_or_parked",
            ),
        ),
    ]
