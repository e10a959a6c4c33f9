"""CSV for people who open it in a spreadsheet: streamed, and with nothing a spreadsheet would run."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse

# A spreadsheet takes a cell that begins so for a formula (or, for the full-width ones, reads it so).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

# Rows that are handed on as one piece.
ROWS_AT_ONCE = 1_000

Row = Sequence[object]


def safe_cell(value: object) -> object:
    """The value as a cell: text that a spreadsheet would run begins with an apostrophe.

    Numbers stay numbers, also negative ones; None is empty.
    """
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return value
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_pieces(header: Row, rows: Iterable[Row]) -> Iterator[str]:
    """The CSV in pieces of a thousand rows, never held as a whole. Lines end as RFC 4180 says."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([safe_cell(cell) for cell in header])
    for number, row in enumerate(rows, 1):
        writer.writerow([safe_cell(cell) for cell in row])
        if number % ROWS_AT_ONCE == 0:
            yield _emptied(buffer)
    yield _emptied(buffer)


def csv_response(filename: str, header: Row, rows: Iterable[Row]) -> StreamingHttpResponse:
    """An answer that streams the CSV as a download. `filename` is ours, never input."""
    response = StreamingHttpResponse(
        csv_pieces(header, rows), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["Cache-Control"] = "no-store"
    return response


def _emptied(buffer: io.StringIO) -> str:
    piece = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return piece
