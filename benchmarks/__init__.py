"""What the engine does in a second beside what PostgreSQL itself could do at most.

    python -m referral_engine.stack run --ephemeral -- python -m benchmarks

Every case has two sides that write the same rows: the engine as it is deployed, and a ceiling, the
least SQL that does, run by pgbench. They take turns in one run, so that a noisy machine is noisy to
both. Figures belong to the machine, ratios travel. Nothing here judges them.
"""
