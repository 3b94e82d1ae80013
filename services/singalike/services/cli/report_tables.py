"""The tables of an evaluation on a terminal: one for each question and set of recordings."""

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from singalike.embeddings.evaluation.report import column_names, figure_text, rows_by_set
from singalike.embeddings.evaluation.section import Section


def section_tables(section: Section) -> Iterator[Table]:
    """Lay a section out, the ear in bold before its baselines."""
    columns = column_names(section)
    for set_name, rows in rows_by_set(section).items():
        table = Table(title=Text(f"{section.title}: {set_name}"), title_justify="left")
        table.add_column("method")
        table.add_column("n", justify="right")
        for column in columns:
            table.add_column(Text(column), justify="right")
        for row in rows:
            figures = [Text(figure_text(row.figures.get(column))) for column in columns]
            table.add_row(Text(row.method), str(row.count), *figures, style="" if row.baseline else "bold")
        yield table
