"""The facts this app records."""

JOINED = "participant.joined"
BROUGHT = "participant.brought"
CONFIRMED = "participant.confirmed"
ACTED = "participant.acted"
