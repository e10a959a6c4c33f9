"""The facts this app records."""

JOINED = "participant.joined"
BROUGHT = "participant.brought"
OVERRIDDEN = "participant.overridden"
CONFIRMED = "participant.confirmed"
ACTED = "participant.acted"
