"""HL7 v2 messages become items of records; ``map_message`` is all that others call."""

from dsn_producers.hl7v2.mapper import map_message

__all__ = ["map_message"]
