from django.db import migrations

# A referrer is a participant of the same campaign: a plain foreign key cannot say that.
ADD = """
ALTER TABLE invites_participant
  ADD CONSTRAINT participant_referrer_same_campaign
  FOREIGN KEY (campaign_id, referrer_id) REFERENCES invites_participant (campaign_id, id)
"""
DROP = "ALTER TABLE invites_participant DROP CONSTRAINT participant_referrer_same_campaign"


class Migration(migrations.Migration):
    dependencies = [("invites", "0001_initial")]
    operations = [migrations.RunSQL(ADD, DROP)]
