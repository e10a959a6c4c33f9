"""Refund orders of before: what the shop refunded by itself is taken off, the rest is asked again."""

from django.db import migrations

# Resolved ones keep as amount what was paid back through them.
RESOLVED = """
UPDATE groupbuy_refundorder f
SET reduced_minor = f.amount_minor - paid.minor, amount_minor = paid.minor
FROM (SELECT o.id, coalesce(r.applied_minor, 0) AS minor
      FROM groupbuy_refundorder o JOIN orders_orderline l ON l.id = o.line_id
      LEFT JOIN orders_refund r
        ON r.order_id = l.order_id AND r.refund_id = 'engine:' || o.public_id) paid
WHERE paid.id = f.id AND f.status = 'confirmed' AND f.amount_minor > paid.minor
"""

# Outstanding ones ask for what is left, and are resolved when that is nothing.
OUTSTANDING = """
UPDATE groupbuy_refundorder f
SET reduced_minor = f.amount_minor - owed.minor,
    amount_minor = owed.minor,
    status = CASE WHEN owed.minor = 0 THEN 'confirmed' ELSE f.status END,
    resolved_at = CASE WHEN owed.minor = 0 THEN engine_now() END
FROM (SELECT o.id, least(o.amount_minor, l.amount_minor - l.refunded_minor,
                         s.paid_minor - s.refunded_minor) AS minor
      FROM groupbuy_refundorder o JOIN orders_orderline l ON l.id = o.line_id
      JOIN orders_order s ON s.id = l.order_id) owed
WHERE owed.id = f.id AND f.status IN ('requested', 'failed') AND f.amount_minor > owed.minor
"""

ASK_AGAIN = """
UPDATE groupbuy_refundorder SET ask_again_at = engine_now() + interval '15 minutes'
WHERE status = 'requested' AND ask_again_at IS NULL AND parked_at IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [
        ("groupbuy", "0008_refund_orders_asked_again"),
        ("orders", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(sql, migrations.RunSQL.noop) for sql in (RESOLVED, OUTSTANDING, ASK_AGAIN)
    ]
