"""FHIR R4 JSON, as establishments publish it, to items of records.

``map_bundle`` takes a Bundle or a single resource. The bytes are validated by typed structs of the
subset that reaches a chart (``resources.py``), not by ``fhir.resources``: that has no R4 (only
R4B, R5 and STU3), knows thousands of elements that are of no use here, and its models cost
milliseconds a resource where these cost microseconds. msgspec names the path of what does not fit
and never repeats a value, so its messages may be answered and logged.

Which record a resource belongs to is told in ``whose.py``, what a reference leads to in
``index.py``, what a restriction must be in ``consents.py``, what deletes in ``deletions.py``.
"""

from dsn_producers.fhir.mapper import MAPPED_TYPES, map_bundle

__all__ = ["MAPPED_TYPES", "map_bundle"]
