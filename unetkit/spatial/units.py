"""Units of length by the names that image files use."""

from __future__ import annotations

_METRES = {
    "m": 1.0,
    "cm": 1e-2,
    "mm": 1e-3,
    "µm": 1e-6,
    "nm": 1e-9,
    "pm": 1e-12,
    "Å": 1e-10,
    "km": 1e3,
    "inch": 0.0254,
    "foot": 0.3048,
}
"""The length of each unit in metres."""

NAMES = {
    "": "", "meter": "m", "metre": "m", "meters": "m", "metres": "m",
    "centimeter": "cm", "centimetre": "cm",
    "millimeter": "mm", "millimetre": "mm",
    "micrometer": "µm", "micrometre": "µm", "micron": "µm", "microns": "µm", "um": "µm", "μm": "µm", "\\u00b5m": "µm",
    "nanometer": "nm", "nanometre": "nm",
    "picometer": "pm", "picometre": "pm",
    "angstrom": "Å",
    "kilometer": "km", "kilometre": "km",
    "in": "inch", '"': "inch", "feet": "foot", "ft": "foot",
    "degrees": "degree", "deg": "degree",
    "pixel": "", "pixels": "", "unknown": "", "none": "",
}  # fmt: skip
"""Other names of units; "" for names that mean no unit."""


def unit_named(text: str) -> str:
    """The short name of a unit; an unknown name stays as it is.

    >>> unit_named("micron"), unit_named("millimeter"), unit_named("pixel"), unit_named("fathom")
    ('µm', 'mm', '', 'fathom')
    """
    name = text.strip()
    return NAMES.get(name.lower(), NAMES.get(name, name))


def factor(unit: str, to: str) -> float | None:
    """The factor from one unit to another; 1 where a unit is unknown, None where they do not convert.

    >>> factor("mm", "µm"), factor("", "mm"), factor("degree", "mm")
    (1000.0, 1.0, None)
    """
    if unit == to or not unit or not to:
        return 1.0
    if unit not in _METRES or to not in _METRES:
        return None
    return float(f"{_METRES[unit] / _METRES[to]:.12g}")  # a power of ten stays one
