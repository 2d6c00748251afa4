"""Tapes as files."""

import csv
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import duckdb

from trading.history.tape import COLUMNS, Row

ROWS_IN_A_GROUP = 100_000
MEMORY = "256MB"


def write_csv(rows: Iterable[Row], file: IO[str]) -> int:
    """With a header; how many rows there were."""
    writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    count = 0
    for row in rows:
        writer.writerow(row)
        count += 1
    return count


def write_parquet(rows: Iterable[Row], path: Path) -> int:
    """Through a CSV file beside it, so that memory stays small however long the tape is."""
    with tempfile.NamedTemporaryFile("w", newline="", suffix=".csv", dir=path.parent) as tape:
        count = write_csv(rows, tape)
        tape.flush()
        _convert(Path(tape.name), path)
    return count


def _convert(tape: Path, parquet: Path) -> None:
    names = ", ".join(f"CAST({name} AS {type}) AS {name}" for name, type in COLUMNS.items())
    source = (
        f"read_csv({_quoted(tape)}, header = true, all_varchar = true, nullstr = '', auto_detect = false,"
    )
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in COLUMNS)
    with duckdb.connect(config={"threads": 1, "memory_limit": MEMORY}) as connection:
        connection.execute(
            f"COPY (SELECT {names} FROM {source} delim = ',', quote = '\"', escape = '\"', columns = {{{columns}}}))"
            f" TO {_quoted(parquet)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_IN_A_GROUP})"
        )


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
