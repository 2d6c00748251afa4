"""What a query in Prometheus' language asks for: enough of the language for the queries in docker/."""

import re
from typing import NamedTuple

KEYWORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_MATCHERS = re.compile(r"\{([^}]*)\}")
_RANGE = re.compile(r"\[[^\]]*\]|\boffset\s+\w+")
_LABELS = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_NAME = re.compile(r"(?<![\w.$:])[a-zA-Z_:][\w:]*(?!\s*\()(?![\w:])")


class Asked(NamedTuple):
    metrics: set[str]
    labels: set[str]


def asked(query: str) -> Asked:
    """The metrics that the query names, and the labels it matches or groups by."""
    text = _TEXT.sub('""', query)
    labels = {name for each in _MATCHERS.findall(text) for name in re.findall(r"(\w+)\s*[=!]", each)}
    text = _RANGE.sub("", _MATCHERS.sub("", text))
    labels |= {name for each in _LABELS.findall(text) for name in re.findall(r"\w+", each)}
    names = set(_NAME.findall(_LABELS.sub("", text)))
    return Asked({name for name in names if name.lower() not in KEYWORDS}, labels)
