-- Visits of links, `links` consecutive ones from `first` on: one in ten by a bot, over thirty days.
INSERT INTO invites_visit (click_id, link_id, channel, device, visitor, skipped, opened_at)
SELECT 'vis_' || %(made)s + nth, %(first)s + floor(random() * %(links)s)::bigint, '', 'phone', '',
       CASE WHEN nth %% 10 = 0 THEN 'bot' ELSE '' END, now() - interval '30 days' * random()
FROM generate_series(1, %(visits)s) AS nth
