"""Kafka's settings: which exist in which version, what holds where none is given, what Kafka makes of contradictions.

``table`` is the data, one row a setting; ``rules`` are the checks and silent overrides of Kafka's own constructors.
"""

from model.kafka.config.judgement import judge, judge_version, not_read, refused_by_brokers
from model.kafka.config.rules import Setting, effective, internal_topic, written
from model.kafka.config.schema import schema
from model.kafka.config.table import TABLE, Kind, Row
from model.kafka.config.versions import VERSIONS, at_least, is_known, line

__all__ = [
    "TABLE", "VERSIONS", "Kind", "Row", "Setting", "at_least", "effective", "internal_topic", "is_known", "judge",
    "judge_version", "line", "not_read", "refused_by_brokers", "schema", "written",
]  # fmt: skip
