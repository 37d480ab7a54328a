"""Settings that Kafka has and that decide nothing about delivery: no error, and no effect."""

from model.kafka.config.table import Kind

PREFIXES = ("sasl.", "ssl.", "security.", "metrics.", "metric.", "socket.", "reconnect.", "client.")
CLIENTS = """
    allow.auto.create.topics auto.include.jmx.reporter bootstrap.servers check.crcs connections.max.idle.ms
    enable.metrics.push interceptor.classes metadata.max.age.ms metadata.recovery.strategy
    metadata.recovery.rebootstrap.trigger.ms receive.buffer.bytes send.buffer.bytes
"""
NEUTRAL: dict[Kind, frozenset[str]] = {
    "producer": frozenset(
        f"""{CLIENTS}
        buffer.memory compression.gzip.level compression.lz4.level compression.type compression.zstd.level
        key.serializer max.request.size metadata.max.idle.ms partitioner.adaptive.partitioning.enable
        partitioner.availability.timeout.ms partitioner.class partitioner.ignore.keys value.serializer
    """.split()
    ),
    "consumer": frozenset(
        f"""{CLIENTS}
        exclude.internal.topics fetch.max.bytes fetch.max.wait.ms fetch.min.bytes key.deserializer
        max.partition.fetch.bytes value.deserializer
    """.split()
    ),
    "broker": frozenset(),
    "topic": frozenset(),
    "feature": frozenset(),
}


def is_neutral(kind: Kind, name: str) -> bool:
    return name in NEUTRAL[kind] or (kind in ("producer", "consumer", "broker") and name.startswith(PREFIXES))
