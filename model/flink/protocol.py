"""What a version of Flink or of its Kafka connector does differently: each change is a named switch of an actor, and
this table is the only place that says which version has it. Defaults of settings by version are in ``config``.

A switch has its value from `since` on and the opposite before; `connector` rows count by the version of the connector,
which was Flink's own until 1.16.
"""

from dataclasses import dataclass
from typing import Literal

from model.flink.config import at_least


@dataclass(frozen=True)
class Change:
    since: str
    source: str
    what: str
    actor: Literal["job_manager", "task", "discovery"]  # discovery: of a task, if its source is not the legacy one.
    switch: str  # The wiring field.
    value: bool = True
    sink: str = ""  # Only with this class.
    connector: bool = False


CHANGES = (
    Change("1.4", "FLINK-6006, FLINK-7195", "restored offsets are kept whole, whatever partitions the metadata list",
           "task", "keeps_unlisted"),
    Change("1.15", "FLINK-25191", "a savepoint is not used for recovery, and commits nothing",
           "job_manager", "savepoints_count", value=False),
    Change("3.0", "FLINK-31363", "a transaction without records is not pre-committed",
           "task", "commits_empty", value=False, connector=True),
    Change("3.0.1", "FLINK-28303", "where latest is, is asked once for a split, not by each attempt of its reader",
           "discovery", "keeps_first_start", connector=True),
    Change("3.1", "FLIP-288, FLINK-32019", "a partition that is found later is read from its beginning",
           "discovery", "new_from_earliest", connector=True),
    Change("5.0", "KafkaSourceEnumerator.checkPartitionChanges", "a first listing without partitions is no discovery",
           "discovery", "empty_listing_counts", value=False, connector=True),
    Change("3.3", "FLINK-31305, FLINK-35749", "a send error reaches the flush: metrics no longer clear it",
           "task", "reports_send_errors", sink="KafkaSink", connector=True),
)  # fmt: skip
BROKEN_SINCE = {"reports_send_errors": "1.15"}  # What worked before a version of Flink broke it.


def switches(actor: str, version: str, connector: str, sink: str = "") -> dict[str, bool]:
    """The wiring of this kind of actor that the versions decide."""
    wiring = {}
    for change in CHANGES:
        if change.actor == actor and change.sink in ("", sink):
            apart = at_least(version, "1.17")  # The connector has versions of its own.
            made = (
                (apart and at_least(connector, change.since)) if change.connector else at_least(version, change.since)
            )
            worked = not at_least(version, BROKEN_SINCE.get(change.switch, "0"))
            wiring[change.switch] = (made or worked) == change.value
    return wiring
