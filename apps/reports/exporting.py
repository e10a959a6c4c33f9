"""Tables and pictures of the report as files: CSV, XLSX, PNG and SVG. Nothing in them runs."""

import datetime as dt
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from apps.core.csv_export import csv_response
from apps.core.templatetags.money import in_units
from apps.reports import pictures
from apps.reports.pictures import Picture
from apps.reports.sections.parts import Cell, Column, Kind, Table

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMATS = {
    Kind.COUNT: "#,##0",
    Kind.NUMBER: "#,##0.000",
    Kind.SHARE: "0.0%",
    Kind.DAYS: "#,##0.00",
    Kind.DATE: "yyyy-mm-dd",
    Kind.MONTH: "mmm yyyy",
    Kind.MONEY: "#,##0.00",
}
_SHEET_NAME = 31  # characters a spreadsheet allows
_WIDTH = 18
_PICTURES = ("png", "svg")


def file_named(
    name: str, tables: Iterable[Table], drawn: Mapping[str, Picture], *, book: str, prefix: str
) -> HttpResponseBase:
    """The file called `name`: all tables as the XLSX `book`, a table's slug and ".csv", a picture's
    and ".png" or ".svg". Raises Http404 where there is none."""
    slug, _, form = name.rpartition(".")
    if name == f"{book}.xlsx":
        return xlsx_file(tables, prefix)
    if form == "csv":
        for table in tables:
            if table.slug == slug:
                return csv_file(table, prefix)
    if form in _PICTURES and slug in drawn:
        return picture_file(drawn[slug], f"{prefix}-{slug}", form)
    raise Http404


def csv_file(table: Table, name: str) -> StreamingHttpResponse:
    """The table as CSV, streamed. Shares are fractions, lengths are days, money in whole units."""
    return csv_response(f"{name}-{table.slug}.csv", _header(table), _rows(table))


def xlsx_file(tables: Iterable[Table], name: str) -> FileResponse:
    """All tables as one workbook, a sheet each, a row in memory at a time; streamed from a temporary
    file. Text is written as text, whatever it begins with."""
    from xlsxwriter import Workbook

    kept = tempfile.TemporaryFile()  # noqa: SIM115  # the answer closes it
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with Workbook(kept, options) as book:
        formats = {kind: book.add_format({"num_format": text}) for kind, text in _FORMATS.items()}
        bold = book.add_format({"bold": True})
        for table in tables:
            sheet = book.add_worksheet(_sheet_name(table, book))
            _write_sheet(sheet, table, formats, bold)
    kept.seek(0)
    answer = FileResponse(kept, as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX)
    answer["Cache-Control"] = "no-store"
    return answer


def picture_file(picture: Picture, name: str, form: str) -> HttpResponse:
    """The picture as a file; `form` is "png" or "svg"."""
    if form == "png":
        answer = HttpResponse(pictures.png(picture), content_type="image/png")
    else:
        answer = HttpResponse(pictures.svg(picture), content_type="image/svg+xml")
    answer["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    answer["Cache-Control"] = "no-store"
    return answer


def _header(table: Table) -> list[str]:
    return [_heading(column, table.currency) for column in table.columns]


def _heading(column: Column, currency: str) -> str:
    unit = {Kind.DAYS: "days", Kind.MONEY: currency}.get(column.kind, "")
    return f"{column.title} ({unit})" if unit else column.title


def _rows(table: Table) -> Iterator[list[Cell]]:
    for row in table.rows:
        yield [
            _cell(cell, column.kind, table.currency)
            for cell, column in zip(row, table.columns, strict=True)
        ]


def _cell(cell: Cell, kind: Kind, currency: str) -> Cell:
    if kind is Kind.MONEY and isinstance(cell, (int, float)):
        return in_units(cell, currency)
    return cell


def _sheet_name(table: Table, book: Any) -> str:
    """The table's title as far as a spreadsheet takes it, and each only once."""
    name = re.sub(r"[\[\]:*?/\\']", "", table.title)[:_SHEET_NAME].strip()
    taken = {sheet.name.lower() for sheet in book.worksheets()}
    return f"{name[: _SHEET_NAME - 4]} {len(taken) + 1}" if name.lower() in taken else name


def _write_sheet(sheet: Any, table: Table, formats: dict[Kind, Any], bold: Any) -> None:
    sheet.set_column(0, len(table.columns) - 1, _WIDTH)
    for place, heading in enumerate(_header(table)):
        sheet.write_string(0, place, heading, bold)
    for number, row in enumerate(_rows(table), 1):
        for place, (cell, column) in enumerate(zip(row, table.columns, strict=True)):
            _write_cell(sheet, number, place, cell, formats.get(column.kind))


def _write_cell(sheet: Any, row: int, place: int, cell: Cell, form: Any) -> None:
    if cell is None:
        return
    if isinstance(cell, dt.date):
        sheet.write_datetime(row, place, dt.datetime.combine(cell, dt.time()), form)
    elif isinstance(cell, (int, float)):
        sheet.write_number(row, place, cell, form)
    else:
        sheet.write_string(row, place, cell)
