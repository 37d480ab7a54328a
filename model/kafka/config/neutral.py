"""Settings that Kafka has and that decide nothing about delivery: no error and no effect.

``name@2.8`` exists since 2.8, ``name-3.9`` until 3.9. Gathered from the releases 0.11.0.2 to 3.9.
"""

from model.kafka.config.table import Kind

# Whole groups of them: security, sockets, metrics, quotas, disks, remote storage, share groups, the metadata quorum.
PREFIXES: dict[Kind, tuple[str, ...]] = {
    "producer": ("sasl.", "ssl.", "security.", "metrics.", "metric.", "socket.", "reconnect.", "client."),
    "consumer": ("sasl.", "ssl.", "security.", "metrics.", "metric.", "socket.", "reconnect.", "client."),
    "broker": (
        "sasl.", "ssl.", "security.", "metrics.", "metric.", "kafka.metrics.", "socket.", "quota.", "listener.",
        "zookeeper.", "controller.quorum.", "controller.quota.", "replication.quota.", "alter.log.dirs.", "metadata.",
        "password.encoder.", "delegation.token.", "group.share.", "share.", "remote.log.", "log.cleaner.",
        "max.connection", "unstable.",
    ),
    "topic": ("remote.", "local.retention."),
    "feature": (),
}  # fmt: skip

CLIENTS = """
    allow.auto.create.topics@2.3 auto.include.jmx.reporter@3.4-3.9 bootstrap.servers check.crcs connections.max.idle.ms
    enable.metrics.push@3.7 interceptor.classes metadata.max.age.ms metadata.recovery.rebootstrap.trigger.ms@4.0
    metadata.recovery.strategy@3.8 receive.buffer.bytes send.buffer.bytes
"""
TOPIC = """
    compression.gzip.level@3.8 compression.lz4.level@3.8 compression.type compression.zstd.level@3.8
    file.delete.delay.ms follower.replication.throttled.replicas index.interval.bytes
    leader.replication.throttled.replicas max.compaction.lag.ms@2.3 max.message.bytes message.downconversion.enable@2.0
    message.format.version-3.9 message.timestamp.after.max.ms@3.6 message.timestamp.before.max.ms@3.6
    message.timestamp.difference.max.ms-3.9 message.timestamp.type min.cleanable.dirty.ratio min.compaction.lag.ms
    preallocate segment.bytes segment.index.bytes segment.jitter.ms segment.ms
"""
NAMES: dict[Kind, str] = {
    "producer": f"""{CLIENTS}
        buffer.memory compression.gzip.level@3.8 compression.lz4.level@3.8 compression.type compression.zstd.level@3.8
        internal.auto.downgrade.txn.commit@2.6-2.8 key.serializer max.request.size metadata.max.idle.ms@2.5
        partitioner.adaptive.partitioning.enable@3.3 partitioner.availability.timeout.ms@3.3 partitioner.class
        partitioner.ignore.keys@3.3 value.serializer
    """,
    "consumer": f"""{CLIENTS}
        exclude.internal.topics fetch.max.bytes fetch.max.wait.ms fetch.min.bytes
        internal.throw.on.fetch.stable.offset.unsupported@2.6 key.deserializer max.partition.fetch.bytes
        share.acknowledgement.mode@4.1 value.deserializer
    """,
    "broker": """
        advertised.host.name-2.8 advertised.listeners advertised.port-2.8 alter.config.policy.class.name
        authorizer.class.name auto.create.topics.enable background.threads broker.id broker.id.generation.enable
        broker.rack client.quota.callback.class@2.0 compression.gzip.level@3.8 compression.lz4.level@3.8
        compression.type compression.zstd.level@3.8 connection.failed.authentication.delay.ms@2.1
        connections.max.idle.ms control.plane.listener.name@2.2-3.9 controlled.shutdown.max.retries
        controlled.shutdown.retry.backoff.ms controller.listener.names@2.8 controller.socket.timeout.ms
        create.topic.policy.class.name delete.records.purgatory.purge.interval.requests delete.topic.enable
        early.start.listeners@3.3 fetch.max.bytes fetch.purgatory.purge.interval.requests
        group.consumer.assignors@3.5 group.consumer.max.heartbeat.interval.ms@3.5
        group.consumer.max.session.timeout.ms@3.5 group.consumer.max.size@3.5
        group.consumer.min.heartbeat.interval.ms@3.5 group.consumer.min.session.timeout.ms@3.5
        group.coordinator.append.linger.ms@3.8 group.coordinator.new.enable@3.5-3.9 group.coordinator.threads@3.5
        host.name-2.8 initial.broker.registration.timeout.ms@2.8 inter.broker.listener.name
        inter.broker.protocol.version-3.9 leader.imbalance.check.interval.seconds
        leader.imbalance.per.broker.percentage listeners log.dir log.dir.failure.timeout.ms@3.8 log.dirs
        log.flush.offset.checkpoint.interval.ms log.flush.start.offset.checkpoint.interval.ms log.index.interval.bytes
        log.index.size.max.bytes log.initial.task.delay.ms@3.8 log.message.downconversion.enable@2.0-3.9
        log.message.format.version-3.9 log.message.timestamp.after.max.ms@3.6 log.message.timestamp.before.max.ms@3.6
        log.message.timestamp.difference.max.ms-3.9 log.message.timestamp.type log.preallocate
        log.retention.check.interval.ms log.roll.hours log.roll.jitter.hours log.roll.jitter.ms log.roll.ms
        log.segment.bytes log.segment.delete.delay.ms max.incremental.fetch.session.cache.slots
        max.request.partition.size.limit@3.8 message.max.bytes node.id@2.8 num.io.threads num.network.threads
        num.partitions num.recovery.threads.per.data.dir num.replica.alter.log.dirs.threads@1.1 num.replica.fetchers
        offset.metadata.max.bytes offsets.load.buffer.size offsets.topic.compression.codec
        offsets.topic.segment.bytes process.roles@2.8 producer.purgatory.purge.interval.requests
        queued.max.request.bytes@1.0 queued.max.requests replica.fetch.backoff.ms replica.fetch.max.bytes
        replica.fetch.min.bytes replica.fetch.response.max.bytes replica.selector.class@2.4
        replica.socket.receive.buffer.bytes replica.socket.timeout.ms reserved.broker.max.id
        server.max.startup.time.ms@3.5 telemetry.max.bytes@3.7 transaction.state.log.load.buffer.size
        transaction.state.log.segment.bytes
    """,
    "topic": TOPIC,
    "feature": "kraft.version@3.9 metadata.version@3.3 share.version@4.1 streams.version@4.1",
}


def _bounds(marked: str) -> tuple[str, tuple[str, str]]:
    rest, _, until = marked.partition("-")
    name, _, since = rest.partition("@")
    return name, (since, until)


# By name the versions from and until which it exists; empty where there is no such bound.
NEUTRAL: dict[Kind, dict[str, tuple[str, str]]] = {
    kind: dict(_bounds(one) for one in names.split()) for kind, names in NAMES.items()
}


def is_neutral(kind: Kind, name: str) -> bool:
    return name in NEUTRAL[kind] or name.startswith(PREFIXES[kind])
