"""A link has terms of its own: when it opens, how often, what it is of, what comes after."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

import apps.invites.models.links


class Migration(migrations.Migration):
    dependencies = [
        ("invites", "0005_draws"),
    ]

    operations = [
        migrations.AddField(
            model_name="link",
            name="afterwards",
            field=models.CharField(
                choices=[
                    ("page", "a page that says so"),
                    ("campaign", "the campaign, with nobody who invites"),
                    ("shop", "the shop, at once"),
                ],
                db_default="page",
                default="page",
                help_text="What whoever opens it later gets, while the campaign goes on.",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="link",
            name="channel",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="The channel of its visits, where the address names no other.",
                max_length=32,
                validators=[apps.invites.models.links.validate_line],
            ),
        ),
        migrations.AddField(
            model_name="link",
            name="expires_at",
            field=models.DateTimeField(
                blank=True, help_text="Empty: with the campaign.", null=True
            ),
        ),
        migrations.AddField(
            model_name="link",
            name="is_default",
            field=models.BooleanField(
                db_default=True,
                default=False,
                help_text="The one this member asks for by themselves.",
            ),
        ),
        migrations.AddField(
            model_name="link",
            name="kind",
            field=models.CharField(
                choices=[
                    ("member", "a member's own"),
                    ("offer", "an offer"),
                    ("store", "a store"),
                    ("live", "a live stream"),
                    ("community", "a community"),
                    ("assistant", "a shop assistant"),
                    ("partner", "a partner"),
                ],
                db_default="member",
                default="member",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="link",
            name="label",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="What you call it. Shoppers do not see it.",
                max_length=80,
                validators=[apps.invites.models.links.validate_line],
            ),
        ),
        migrations.AddField(
            model_name="link",
            name="max_opens",
            field=models.PositiveIntegerField(
                blank=True, help_text="Counted visits it opens for. Empty: any number.", null=True
            ),
        ),
        migrations.AddField(
            model_name="link",
            name="reference",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="Your own name or number of the store, stream, community, assistant or offer.",
                max_length=64,
                validators=[apps.invites.models.links.validate_line],
            ),
        ),
        migrations.AddField(
            model_name="link",
            name="starts_at",
            field=models.DateTimeField(blank=True, help_text="Empty: from now on.", null=True),
        ),
        AddConstraintNotValid(
            model_name="link",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("expires_at", None),
                    ("starts_at", None),
                    ("expires_at__gt", models.F("starts_at")),
                    _connector="OR",
                ),
                name="link_expires_after_start",
                violation_error_message="The link must expire after it starts.",
            ),
        ),
        AddConstraintNotValid(
            model_name="link",
            constraint=models.CheckConstraint(
                condition=models.Q(("max_opens", None), ("max_opens__gt", 0), _connector="OR"),
                name="link_opens_once_at_least",
                violation_error_message="A link opens once at least.",
            ),
        ),
        AddConstraintNotValid(
            model_name="link",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("is_default", False),
                    models.Q(
                        ("expires_at", None),
                        ("kind", "member"),
                        ("max_opens", None),
                        ("starts_at", None),
                    ),
                    _connector="OR",
                ),
                name="link_default_has_no_terms",
            ),
        ),
    ]
