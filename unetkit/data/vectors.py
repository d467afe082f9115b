"""Vectors beside the images, such as a time or a dose: numbers in the data file, or columns of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from unetkit.data.data_keys import VectorKeys
from unetkit.data.splits.split import NameIndex
from unetkit.data.tables import read_columns
from unetkit.errors import Fault, FileError
from unetkit.wording import listed, plural

Values = tuple[float, ...]
"""The values of a vector."""
VectorSetting = float | tuple[float, ...] | str | VectorKeys
"""A vector as it stands in a data file."""


@dataclass(frozen=True)
class VectorSource:
    """Where the values of a vector come from: `values` for all images, or `columns` of a table.

    Of `categories`, that in the column of an image is 1, and all others are 0.
    """

    name: str
    values: Values = ()
    table: str = ""
    columns: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, given: VectorSetting) -> VectorSource:
        """The source that a data file gives; a path alone is a table with a column of the vector's name."""
        if isinstance(given, VectorKeys):
            column = given.column or name
            columns = (column,) if isinstance(column, str) else column
            return cls(name, table=given.table, columns=columns, categories=given.categories)
        if isinstance(given, str):
            return cls(name, table=given, columns=(name,))
        return cls(name, (given,) if isinstance(given, int | float) else given)

    @property
    def count(self) -> int:
        """The number of its values."""
        return len(self.values or self.categories or self.columns)

    def read(self, folder: Path, names: Sequence[str]) -> dict[str, Values]:
        """The values of the images with these names, where the table has them.

        Raises FileError where the table cannot be read, or a value in it is invalid.
        """
        if self.values:
            return dict.fromkeys(names, self.values)
        index, found, faults = NameIndex(names), dict[str, Values](), list[Fault]()
        rows = read_columns(folder / self.table, self.columns)
        for entry, cells in rows:
            for name in index.find(entry):
                try:
                    values = self._parsed(name, cells, [row for _, row in rows])
                    if found.setdefault(name, values) != values:
                        raise FileError(self.fault(f"{self.table} has several rows for {name}", "Keep one."))
                except FileError as error:
                    faults += error.faults
        if faults:
            raise FileError(*faults)
        return found

    def _parsed(self, name: str, cells: Sequence[str], rows: Sequence[Sequence[str]]) -> Values:
        """The values in the cells of an image; raises FileError for anything else than numbers or categories."""
        if self.categories:
            return self.of_category(cells[0], f"{self.table} has {cells[0]!r} for {name}")
        values = list[float]()
        for number, cell in enumerate(cells):
            try:
                values.append(float(cell))
            except ValueError:
                values.append(float("nan"))
            if not isfinite(values[-1]):
                texts = dict.fromkeys(row[number] for row in rows)
                cure = f"For texts, give categories: [{listed(list(texts), 10)}]."
                message = f"{self.table} has {cell!r} for {name} under {self.columns[number]}, which is no number"
                raise FileError(self.fault(message, cure))
        return tuple(values)

    def of_category(self, text: str, place: str) -> Values:
        """The values for one of the categories; raises FileError for any other text, which was found at a place."""
        if text not in self.categories:
            raise FileError(self.fault(f"{place}, which is no category of {self.name}", self._known))
        return tuple(float(one == text) for one in self.categories)

    @property
    def _known(self) -> str:
        return f"There are: {', '.join(self.categories)}."

    def fault(self, message: str, cure: str) -> Fault:
        """A fault of this vector."""
        return Fault("vector", message, f"vectors.{self.name}", cure)


class VectorTable:
    """The values of all vectors of some images."""

    def __init__(self, sources: Sequence[VectorSource], folder: Path, names: Sequence[str]) -> None:
        self.sources = sources
        self.values = {source.name: source.read(folder, names) for source in sources}

    def of(self, name: str) -> dict[str, Values]:
        """The values of the vectors of an image; raises FileError where a table has none."""
        for source in self.sources:
            if name not in self.values[source.name]:
                message = f"{source.table} has no row for {name}"
                raise FileError(source.fault(message, "Add one, with the name of the image."))
        return {source: values[name] for source, values in self.values.items()}


def vector_faults(network: str, wanted: Mapping[str, int], sources: Mapping[str, VectorSource]) -> Iterator[Fault]:
    """Yields the faults of data that lack vectors of a network, or give another number of values than it takes."""
    for name, count in wanted.items():
        if name not in sources:
            example = f"vectors: {{{name}: {{table: images.csv, column: {name}}}}}"
            message = f"{network} takes the vector {name}, which the data do not give"
            yield Fault("vectors", message, cure=f"Add to the data file: {example}, or a number for all images.")
        elif sources[name].count != count:
            message = f"the data give {plural(sources[name].count, 'value')} of {name}, {network} takes {count}"
            yield Fault("vectors", message, f"vectors.{name}", f"Give {count}, or change the network.")
