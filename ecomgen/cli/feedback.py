"""The commands that tell, and take out, what people said of the pictures."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ecomgen.cli.output import print_line
from ecomgen.settings import read_settings

if TYPE_CHECKING:
    from ecomgen.services.insight import Summary
    from ecomgen.services.trends import Drift


def export(
    out: Annotated[Path, typer.Argument(help="The file to write.")],
    format: Annotated[
        Literal["csv", "jsonl", "zip"],
        typer.Option(help="Tables of what was said, or a product set of the photos, ready for training."),
    ] = "csv",
    rated: Annotated[
        Literal["all", "liked", "disliked", "unrated"], typer.Option(help="Which pictures.")
    ] = "liked",
) -> None:
    """Write pictures and what was said of them to a file."""
    from ecomgen.data.store import Filter
    from ecomgen.services.exporting import export as write
    from ecomgen.services.review import Review

    review = Review(read_settings())
    count = write(review, format, review.each(Filter(rated=rated)), out)
    print_line(f"{out} holds {count} picture{'' if count == 1 else 's'}.")


def backup(out: Annotated[Path, typer.Argument(help="The file to write.")]) -> None:
    """Copy the feedback database into a file, while the app goes on using it."""
    from ecomgen.services.review import Review

    Review(read_settings()).back_up(out)
    print_line(f"The feedback is in {out}.")


def insight(
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day of the period (UTC).")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day that is too late.")
    ] = None,
    trend: Annotated[Path | None, typer.Option(help="A new market-trend table (CSV) to keep.")] = None,
) -> None:
    """Show what reviewers think: votes, approval, reasons, agreement, and the market beside it."""
    from ecomgen.errors import InvalidRequest
    from ecomgen.services.insight import Insight
    from ecomgen.services.review import Review
    from ecomgen.services.trends import Trends

    settings = read_settings()
    trends = Trends(settings)
    if trend is not None:
        try:
            told = trends.upload(trend.read_bytes())
        except OSError as error:
            raise InvalidRequest(f"{trend} cannot be read: {error.strerror}.") from error
        for problem in told.problems:
            print_line(str(problem))
        print_line(f"{told.taken:,} rows of {trend} were taken, {told.left_out:,} left out.")
    begin, end = (day and day.replace(tzinfo=UTC) for day in (since, until))
    summary = Insight(Review(settings)).summary(begin, end)
    for line in _lines(summary, trends.drift(summary.made, summary.liked)):
        print_line(line)


def _lines(summary: "Summary", drifts: "dict[str, Drift]") -> Iterator[str]:
    """The dashboard as plain text."""
    overall, agreement = summary.overall, summary.agreement
    yield f"Votes: {sum(d.up for d in summary.days):,} up, {sum(d.down for d in summary.days):,} down."
    if overall is None:
        yield "No picture has been judged in this period."
    else:
        yield f"Liked: {_percent(overall.share)} of {overall.judged:,} judged pictures."
    for kind, rows in summary.approval.items():
        for row in rows:
            interval = f"{_percent(row.low)} - {_percent(row.high)}"
            yield f"  {kind:<10}  {row.value:<24}  {_percent(row.share):>5}  {interval:<13}  n {row.judged:,}"
    for reason in summary.reasons:
        yield f"  turned down: {reason.name:<20}  {reason.votes:,}"
    if agreement is not None:
        said = f"Two reviewers agree on {_percent(agreement.observed)} of the pictures that both judged"
        yield f"{said}; by chance it would be {_percent(agreement.by_chance)} ({agreement.pictures:,} pictures)."
    for name, drift in drifts.items():
        far = "" if drift.distance is None else f", {_percent(drift.distance)} apart"
        yield f"Market of {drift.day} and {drift.pictures:,} pictures by {name}{far}:"
        for each in drift.values:
            shares = f"market {_percent(each.market):>5}  made {_percent(each.made):>5}"
            yield f"  {each.value or 'all others':<24}  {shares}  liked {_percent(each.liked):>5}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"
