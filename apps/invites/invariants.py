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
)
