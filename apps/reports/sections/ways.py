"""How shares become people, where it leads, what it costs, and what it does not say. Pure."""

import datetime as dt

from apps.core.templatetags.money import in_units
from apps.reports import pictures
from apps.reports.rules import ATTRIBUTED
from apps.reports.sections.lines import forecast_lines, funnel_lines
from apps.reports.sections.parts import Cell, Kind, Section, Table, table
from apps.reports.sections.words import (
    interval_of,
    line,
    money_in,
    people,
    percent,
    plain,
    value_of,
    whole,
)
from apps.reports.selectors import WholeReport
from apps.reports.selectors.chain import COHORT
from apps.reports.viral.forecast import Band
from apps.reports.viral.funnel import Step

STEP_WORDS = {
    "participants": "Participants",
    "sharers": "Shared",
    "share intents": "Meant to share",
    "links opened": "Links opened",
    "joined": "Joined",
    "confirmed": "Confirmed",
}
_QUALIFYING_WORDS = {
    "join": "joining",
    "order": "a kept order",
    "room": "a completed room",
}


def funnel_section(report: WholeReport) -> Section:
    chain = report.chain
    count = {step.name: step.count for step in chain.steps}
    cohort = count["participants"]
    if cohort:
        latest = "the latest " if cohort == COHORT else ""
        answer = (
            f"Of {latest}{people(cohort, 'participant', 'participants')} whose time is over, "
            f"{count['sharers']:,} shared; their links were opened {count['links opened']:,} "
            f"times, and {people(count['confirmed'])} were confirmed."
        )
    else:
        answer = "Too early: nobody’s attribution window is over yet."
    steps = tuple((STEP_WORDS[step.name], step.count, _rate_words(step)) for step in chain.steps)
    return Section(
        slug="funnel",
        tile="New people per participant",
        question="How do shares become new people?",
        answer=answer,
        lines=funnel_lines(chain),
        caveat="Visits of bots, previews and prefetches count nowhere. An app cannot tell whether a "
        "share was sent, only that somebody was about to.",
        what=(
            (
                "Only participants whose whole attribution window is over are counted, so that "
                "late friends are in and the steps can be multiplied."
            ),
            _multiplied(report),
            (
                f"Somebody is confirmed by {_QUALIFYING_WORDS[report.campaign.qualifying_act]}, "
                "as the campaign is set up. The step that loses most is where a change pays "
                "first."
            ),
        ),
        table=table(
            "funnel",
            "From participants to those they brought",
            (("Step", Kind.TEXT), ("Count", Kind.COUNT), ("Per step before", Kind.NUMBER)),
            [(STEP_WORDS[step.name], step.count, step.rate.value) for step in chain.steps],
        ),
        picture=pictures.Funnel("How shares become new people", answer, steps) if cohort else None,
        counted_at=_before(report, report.chain_at),
    )


def _before(report: WholeReport, counted_at: dt.datetime) -> dt.datetime | None:
    """When something was counted, if that was before the rest."""
    return counted_at if counted_at < report.as_of else None


def _rate_words(step: Step) -> str:
    """What came of the step before: a share of it, or times it."""
    rate = step.rate.value
    if rate is None:
        return ""
    return f"{percent(rate)} of the step before" if rate <= 1 else f"{plain(rate)} each"


def _multiplied(report: WholeReport) -> str:
    rates = [step.rate.value for step in report.chain.steps[1:]]
    if None in rates:
        return f"They cannot be multiplied here: {report.chain.product.why}."
    told = " × ".join(plain(rate) for rate in rates if rate is not None)
    return f"{told} = {value_of(report.chain.product)} new people per participant."


def forecast_section(report: WholeReport) -> Section:
    final = report.forecast.final
    return Section(
        slug="forecast",
        tile="Participants in the end",
        question="How far will it go?",
        answer=_forecast_answer(report),
        lines=forecast_lines(report.forecast),
        caveat="If things go on as they are and no new seeds come. It is no promise: K, and how uneven "
        "people are, are taken to stay.",
        what=(
            (
                f"{_confirmed(report)}. Each of them "
                "may still bring some friends before their window is over: the longer ago they "
                "joined, the fewer. Those friends bring friends, and so on."
            ),
            (
                "That is played through a few hundred times with K drawn from its interval. The "
                "grey fan is where 19 of 20 of the runs are, the dashed line their middle."
            ),
            f"The end is put at {value_of(final, whole)}"
            + (f" ({interval_of(final, whole)})." if interval_of(final, whole) else "."),
        ),
        table=_growth_table(report),
        picture=_growth_picture(report),
        counted_at=_before(report, report.forecast_at),
    )


def _confirmed(report: WholeReport) -> str:
    """From how many the forecast goes out: those of now, or of when it was counted."""
    then = report.forecast.participants
    told = people(then, "participant", "participants")
    if then == report.people.participants:
        return f"{told} are confirmed now"
    return f"{told} were confirmed when this was counted"


def _forecast_answer(report: WholeReport) -> str:
    final, then = report.forecast.final, report.forecast.participants
    if final.value is None:
        return f"{str(final.reason).capitalize()}: {final.why}."
    more = final.value - then
    if round(more) <= 0:
        return f"It has come to rest at {people(then, 'participant', 'participants')}."
    since = "now" if then == report.people.participants else f"the {then:,} of then"
    said = f"About {whole(final.value)} participants in the end, {whole(more)} more than {since}"
    between = interval_of(final, whole)
    return f"{said} (95 %: {between})." if between else f"{said}."


def _growth_picture(report: WholeReport) -> pictures.Growth | None:
    grown = report.grown
    if len(grown.days) < 2:
        return None
    return pictures.Growth(
        "Participants, and the forecast",
        f"Participants by day, {grown.everybody[-1]:,} today. {_forecast_answer(report)}",
        grown.days,
        grown.everybody,
        grown.seeds,
        report.forecast.fan,
    )


def _growth_table(report: WholeReport) -> Table:
    grown, ahead = report.grown, report.forecast.fan
    columns = (
        ("Day", Kind.DATE),
        ("Participants", Kind.COUNT),
        ("Of them seeds", Kind.COUNT),
        ("Forecast", Kind.COUNT),
        ("Lower end, 95 %", Kind.COUNT),
        ("Upper end, 95 %", Kind.COUNT),
    )
    rows: list[tuple[Cell, ...]] = [
        (day, everybody, seeds, None, None, None)
        for day, everybody, seeds in zip(grown.days, grown.everybody, grown.seeds, strict=True)
    ]
    if grown.days:
        rows += [(_later(grown.days[-1], band.day), None, None, *_rounded(band)) for band in ahead]
    return table("growth", "Participants by day, and the forecast", columns, rows)


def _later(day: dt.date, days: int) -> dt.date:
    return day + dt.timedelta(days=days)


def _rounded(band: Band) -> tuple[int, int, int]:
    return round(band.median), round(band.low), round(band.high)


def cost_section(report: WholeReport) -> Section:
    money = money_in(report.campaign.currency)
    cost = report.cost
    used = cost.spent_minor + cost.reserved_minor
    budget = "no limit" if cost.budget_minor is None else money(cost.budget_minor)
    each = report.reward.value
    return Section(
        slug="cost",
        tile="Rewards per person brought",
        question="What does a new member cost?",
        answer=f"{money(each)} in rewards for each person who was brought."
        if each is not None
        else f"Rewards have cost {money(used)}; {report.reward.why}.",
        lines=(
            line("Rewards per person brought", report.reward, money),
            line(
                "A member in the end, costs outside and group discounts included",
                report.member,
                money,
            ),
            line("Paid back after, in days", report.payback, whole),
        ),
        caveat=f"Rewards: {money(cost.spent_minor)} settled and {money(cost.reserved_minor)} still "
        f"reserved; the budget: {budget}. What advertising and partners cost counts as far as it was "
        "entered: see “Did it pay?”.",
        what=_cost_explained(report),
        table=_burn_table(report),
        picture=_burn_picture(report),
        is_money=True,
    )


def _cost_explained(report: WholeReport) -> tuple[str, ...]:
    money = money_in(report.campaign.currency)
    used, brought = report.cost.spent_minor + report.cost.reserved_minor, report.people.referred
    if not brought:
        return ("It needs somebody who was brought.",)
    k = report.spreading.k.k
    said = (
        f"Rewards of {money(used)} are settled or reserved, and {people(brought)} were brought: "
        f"{money(used)} ÷ {brought:,} = {value_of(report.reward, money)} each."
    )
    if k.value is None:
        return (said, f"What a member costs in the end needs K: {k.why}.")
    return (
        said,
        (
            "A seed ends as 1 ÷ (1 − K) members, of whom the share K = "
            f"{plain(min(k.value, 1.0))} was brought and rewarded. A member costs that share of the "
            "rewards and group discounts per person brought, and the share 1 − K of what was spent "
            f"outside per seed: {value_of(report.member, money)} in the end."
        ),
        (
            "What is reserved becomes free again where a grant is taken back, so the curve may "
            "still sink."
        ),
    )


def _burn_picture(report: WholeReport) -> pictures.Burn | None:
    spent, currency = report.spent, report.campaign.currency
    if len(spent.days) < 2:
        return None
    budget = report.cost.budget_minor
    return pictures.Burn(
        f"Rewards in {currency}, and the budget",
        f"Rewards promised by day, {money_in(currency)(spent.promised[-1])} by now, "
        f"{money_in(currency)(spent.settled[-1])} of it settled.",
        spent.days,
        tuple(in_units(minor, currency) for minor in spent.promised),
        tuple(in_units(minor, currency) for minor in spent.settled),
        None if budget is None else in_units(budget, currency),
    )


def _burn_table(report: WholeReport) -> Table:
    spent = report.spent
    columns = (("Day", Kind.DATE), ("Promised so far", Kind.MONEY), ("Settled so far", Kind.MONEY))
    rows = list(zip(spent.days, spent.promised, spent.settled, strict=True))
    return table("burn", "Rewards by day", columns, rows, report.campaign.currency)


def attributed_section(report: WholeReport) -> Section:
    kept = report.holdout
    holdout = (
        "A holdout is kept: what it says is in the comparison of variants."
        if kept
        else "This campaign keeps no holdout, so nobody can say how many would have come anyway."
    )
    brought, everybody = report.people.referred, report.people.participants
    return Section(
        slug="attributed",
        question="Would they have come anyway?",
        answer=holdout,
        lines=(),
        caveat=ATTRIBUTED,
        what=(
            (
                f"{people(brought)} of {everybody:,} came by somebody’s link or code. The engine "
                "knows that they came by it, not what they would have done without it."
            ),
            (
                "A holdout is a small share of seeds, drawn by chance, who are promised "
                "nothing. What the others bring beyond them is what the campaign caused. Set "
                "one up as a variant of the campaign."
            ),
        ),
        table=table(
            "people",
            "People",
            (("Who", Kind.TEXT), ("People", Kind.COUNT)),
            [
                ("Confirmed participants", everybody),
                ("Seeds: nobody brought them", report.people.seeds),
                ("Brought by somebody", brought),
                ("Provisional: not confirmed yet", report.people.provisional),
            ],
        ),
    )
