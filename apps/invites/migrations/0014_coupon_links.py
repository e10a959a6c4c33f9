import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import apps.core.clock

# Built while people go on writing; without a coupon a touch is in none of it.
ADD = """
CREATE UNIQUE INDEX CONCURRENTLY touch_once_per_coupon ON invites_touch (coupon_id, member_id)
WHERE coupon_id IS NOT NULL
"""
DROP = "DROP INDEX CONCURRENTLY touch_once_per_coupon"

_ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")
_PROTECT = django.db.models.deletion.PROTECT


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("campaigns", "0005_qualification_window"),
        ("coupons", "0001_schema"),
        ("invites", "0012_salts"),
    ]
    operations = [
        migrations.CreateModel(
            name="CouponLink",
            fields=[
                ("id", _ID),
                ("created_at", models.DateTimeField(db_default=apps.core.clock.EngineNow())),
                (
                    "link",
                    models.ForeignKey(
                        on_delete=_PROTECT, related_name="coupons", to="invites.link"
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=_PROTECT, related_name="coupon_links", to="campaigns.campaign"
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=_PROTECT,
                        related_name="+",
                        to="coupons.template",
                    ),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=_PROTECT,
                        related_name="+",
                        to="coupons.batch",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(template=None, batch__isnull=False)
                        | Q(template__isnull=False, batch=None),
                        name="coupon_link_of_a_template_or_a_batch",
                    ),
                    models.UniqueConstraint(
                        fields=("campaign", "template"), name="coupon_link_once_per_template"
                    ),
                    models.UniqueConstraint(
                        fields=("campaign", "batch"), name="coupon_link_once_per_batch"
                    ),
                ]
            },
        ),
        migrations.AddField(
            model_name="touch",
            name="coupon",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=_PROTECT,
                related_name="touches",
                to="coupons.coupon",
            ),
        ),
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(ADD, DROP)],
            [
                migrations.AddConstraint(
                    model_name="touch",
                    constraint=models.UniqueConstraint(
                        fields=("coupon", "member"),
                        condition=Q(coupon__isnull=False),
                        name="touch_once_per_coupon",
                    ),
                )
            ],
        ),
    ]
