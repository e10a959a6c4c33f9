"""Figures with their names, alike in sections and wherever two are compared. Pure."""

from apps.reports.sections.parts import Line
from apps.reports.sections.words import days_line, line, percent, whole
from apps.reports.selectors.spreading import Spreading
from apps.reports.viral.concentration import Concentration
from apps.reports.viral.forecast import Forecast
from apps.reports.viral.funnel import Funnel
from apps.reports.viral.multiplication import Settling

Lines = tuple[Line, ...]


def k_lines(spreading: Spreading) -> Lines:
    """K of those who were brought, and the seeds’ own."""
    return (
        line("K: new people per person brought", spreading.k.k),
        line("K₀: new people per seed", spreading.seeds.k),
    )


def settling_lines(settling: Settling | None) -> Lines:
    """K with those whose room is still open, where a completed room is what confirms."""
    if settling is None:
        return ()
    return (
        line("K joined: if every open room completes", settling.joined.k),
        line("K settled: of completed rooms alone", settling.settled.k),
    )


def forecast_lines(forecast: Forecast) -> Lines:
    """Where it ends."""
    return (line("Participants in the end", forecast.final, whole),)


def cycle_lines(spreading: Spreading) -> Lines:
    """How long friends take."""
    cycle = spreading.cycle
    return (
        days_line("Half have come after", cycle.median),
        days_line("Nine of ten have come after", cycle.p90),
        days_line("On average they come after", cycle.mean),
    )


def funnel_lines(chain: Funnel) -> Lines:
    """What the chain’s steps multiply to."""
    return (line("New people per participant", chain.product),)


def carriers_lines(found: Concentration) -> Lines:
    """What was seen, then what two models would have."""
    return (
        line("Share of the people who brought 80 % of the friends", found.observed, percent),
        line("If a few had a steady pull (negative binomial)", found.negative_binomial, percent),
        line("If it were chance alone (Poisson)", found.poisson, percent),
    )


def amplification_lines(spreading: Spreading) -> Lines:
    """1 ÷ (1 − K)."""
    return (line("People in the end per person brought", spreading.amplification),)
