"""Kafka, in families of actors that are wired together from a user's settings by ``pipeline``.

Each family is a model of its own (``model: kafka.transactions`` in the wired form): ``transactions``, ``replication``,
``groups``.
"""
