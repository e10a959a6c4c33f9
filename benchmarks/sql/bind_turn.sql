-- Who comes next, and by whose link: each client goes through its own guests.
\set n :n + 1
\set at :client_id + :clients * :n
\set member :first_member + :at
\set visit :first_visit + :at
\set link :first_link + :at % :links
\set referrer :first_referrer + :at % :links
