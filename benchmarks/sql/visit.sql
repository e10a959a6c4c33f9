-- A visit: find the link by its code, insert the row, commit. The least SQL there can be, because
-- a visit needs the link's id and nothing else; one statement is one round trip and one commit.
-- Each is of another visitor, as every row of the engine's is looked up for an earlier one of the same.
-- The page also shows a campaign and a face: what reading them costs is the engine's part.
\set turn random(1, :links)
INSERT INTO invites_visit (click_id, link_id, channel, device, visitor, skipped)
SELECT 'vis_' || left(made.text, 22), id, '', 'phone', right(made.text, 22), ''
FROM invites_link, replace(gen_random_uuid()::text, '-', '') AS made (text)
WHERE code = (string_to_array(:codes, ','))[:turn] AND revoked_at IS NULL;
