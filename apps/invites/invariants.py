from apps.core.invariants import Invariant

INVITES = (
    Invariant(
        9,
        "one participant per (campaign, member), and nobody refers themselves or across campaigns",
        """SELECT p.id, p.campaign_id, p.member_id, p.referrer_id
           FROM invites_participant p LEFT JOIN invites_participant r ON r.id = p.referrer_id
           WHERE p.referrer_id = p.id OR r.member_id = p.member_id OR r.campaign_id <> p.campaign_id
           UNION ALL
           SELECT min(id), campaign_id, member_id, NULL FROM invites_participant
           GROUP BY campaign_id, member_id HAVING count(*) > 1""",
    ),
    Invariant(
        9,
        "everybody stands one generation below their referrer, under the same root: no cycle",
        # A cycle would need a row whose generation is not above its referrer's.
        """SELECT p.id, p.generation, r.generation, p.root_id, r.root_id
           FROM invites_participant p JOIN invites_participant r ON r.id = p.referrer_id
           WHERE p.generation <> r.generation + 1 OR p.root_id <> coalesce(r.root_id, r.id)""",
    ),
    Invariant(
        9,
        "a whole tree has the variant of its seed",
        """SELECT p.id, p.variant, r.id, r.variant
           FROM invites_participant p JOIN invites_participant r ON r.id = p.referrer_id
           WHERE p.variant <> r.variant""",
    ),
    Invariant(
        9,
        "the link that brought somebody is their referrer's",
        """SELECT p.id, p.referrer_id, l.participant_id
           FROM invites_participant p JOIN invites_link l ON l.id = p.link_id
           WHERE l.participant_id IS DISTINCT FROM p.referrer_id""",
    ),
    Invariant(
        9,
        "what an operator decided last about a referrer stands",
        """SELECT p.id, p.referrer_id, o.referrer_id
           FROM (SELECT DISTINCT ON (participant_id) participant_id, referrer_id
                 FROM invites_override ORDER BY participant_id, id DESC) o
           JOIN invites_participant p ON p.id = o.participant_id
           WHERE p.referrer_id IS DISTINCT FROM o.referrer_id""",
    ),
    Invariant(
        4,
        "the friends of a participant are numbered from 1, without gaps and each number once",
        """SELECT participant_id, kind, count(*), max(nth) FROM invites_act WHERE nth IS NOT NULL
           GROUP BY participant_id, kind
           HAVING count(*) <> max(nth) OR count(DISTINCT nth) <> count(*)""",
    ),
    Invariant(
        4,
        "every confirmed friend with a kept order is counted where a policy asks for it",
        """SELECT p.id, p.referrer_id
           FROM invites_participant p
           JOIN invites_participant r ON r.id = p.referrer_id
           JOIN campaigns_version v ON v.id = r.version_id
           WHERE p.status = 'confirmed'
             AND v.policies @> '[{"trigger": "friend_bought"}]'
             AND EXISTS (SELECT FROM invites_campaignorder c JOIN orders_order o ON o.id = c.order_id
                         WHERE c.participant_id = p.id AND o.refunded_minor < o.paid_minor)
             AND NOT EXISTS (SELECT FROM invites_act a
                             WHERE a.referee_id = p.id AND a.kind = 'friend_bought')""",
    ),
    Invariant(
        9,
        "nobody opens a link after it was revoked",
        """SELECT v.id, v.click_id, v.opened_at, l.revoked_at
           FROM invites_link l JOIN invites_visit v ON v.link_id = l.id
           WHERE v.opened_at > l.revoked_at""",
    ),
)
