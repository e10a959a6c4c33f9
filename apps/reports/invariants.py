"""What reports read must follow from what was counted. Breaches show how many rows too many."""

from apps.core.invariants import Invariant

REPORTS = (
    Invariant(
        15,
        "rollups hold whom they counted, each once",
        """SELECT campaign_id, 'people' AS what, sum(n) FROM (
               SELECT campaign_id, people AS n FROM reports_arrival
               UNION ALL SELECT campaign_id, -1 FROM reports_counted) t
           GROUP BY 1 HAVING sum(n) <> 0
           UNION ALL
           SELECT campaign_id, 'referees', sum(n) FROM (
               SELECT campaign_id, brought AS n FROM reports_arrival
               UNION ALL SELECT campaign_id, -1 FROM reports_counted WHERE delay IS NOT NULL) t
           GROUP BY 1 HAVING sum(n) <> 0
           UNION ALL
           SELECT campaign_id, 'histogram', sum(n) FROM (
               SELECT campaign_id, people * (referees + 1) AS n FROM reports_cell WHERE grain = 'day'
               UNION ALL SELECT campaign_id, -people - referees FROM reports_root) t
           GROUP BY 1 HAVING sum(n) <> 0
           UNION ALL
           SELECT campaign_id, 'sales', sum(n) FROM (
               SELECT campaign_id, parts AS n FROM reports_sale
               UNION ALL SELECT s.campaign_id, -1 FROM reports_sold s
               JOIN reports_counted c ON c.participant_id = s.participant_id) t
           GROUP BY 1 HAVING sum(n) <> 0
           UNION ALL
           SELECT campaign_id, 'rewards', sum(n) FROM (
               SELECT campaign_id, grants AS n FROM reports_reward WHERE moment = 'granted'
               UNION ALL SELECT campaign_id, -1 FROM reports_given) t
           GROUP BY 1 HAVING sum(n) <> 0""",
    ),
)
