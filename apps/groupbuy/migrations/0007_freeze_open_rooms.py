from django.db import migrations

# Rooms that are under way get what their offer says today: until now they lived by it anyway.
FREEZE = """
UPDATE groupbuy_room room
SET terms = jsonb_build_object('items', (
  SELECT jsonb_agg(jsonb_build_object(
           'id', item.id, 'sku', item.sku, 'name', item.name,
           'single_price_minor', item.single_price_minor,
           'group_price_minor', item.group_price_minor, 'steps', '[]'::jsonb
         ) ORDER BY item.id)
  FROM groupbuy_offeritem item WHERE item.offer_id = room.offer_id
))
WHERE status IN ('pending', 'open', 'closing') AND terms = '{}'::jsonb
"""

OPENING = """
UPDATE groupbuy_seat SET opens = true
WHERE id IN (SELECT min(id) FROM groupbuy_seat GROUP BY room_id)
"""


class Migration(migrations.Migration):
    dependencies = [("groupbuy", "0006_seats_settle_steps")]
    operations = [
        migrations.RunSQL(FREEZE, migrations.RunSQL.noop),
        migrations.RunSQL(OPENING, migrations.RunSQL.noop),
    ]
