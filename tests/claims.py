"""The document that this project started from, judged claim by claim.

``python tests/claims.py`` writes specs/claims/README.md.

Evidence is a spec, by its path below specs/, or a test of the settings table, ``file.py::test``. What a spec must
answer is read from its ``expect``; tests/test_claims.py sees to it that table, specs and verdicts agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from checker.yaml_document import read_text

ROOT = Path(__file__).resolve().parent.parent
SPECS = ROOT / "specs"
TABLE = SPECS / "claims" / "README.md"


class Verdict(StrEnum):
    RIGHT = "right"
    HALF = "half right"
    WRONG = "wrong"


@dataclass(frozen=True)
class Claim:
    number: int
    verdict: Verdict
    chinese: str
    english: str
    reason: str
    evidence: tuple[str, ...]

    @property
    def row(self) -> str:
        """S01 ... S45."""
        return f"S{self.number:02}"


RIGHT, HALF, WRONG = Verdict.RIGHT, Verdict.HALF, Verdict.WRONG
SETTINGS = "test_kafka_settings.py::"
CLAIMS = (
    # --- Producer and consumer before 0.11 ----------------------------------------------------------------------------
    Claim(1, HALF, "恰好一次需要保证 producer 和 consumer 都是恰好一次",
          "Exactly-once needs an exactly-once producer and an exactly-once consumer.",
          "Input position and output must also move together: two promises apart do not make one.",
          ("claims/S01_refuted", "claims/S01_confirmed", "broken/offsets_before")),
    Claim(2, HALF, "0.11.0.0 之前只能做到至少一次",
          "Before 0.11.0.0 only at-least-once is possible.",
          "So it is for a producer; at-most-once was possible too, and exactly-once effects by an offset stored with "
          "the result.",
          ("claims/S02_confirmed", "claims/S02_refuted", "scenarios/C06_at_most_once")),
    Claim(3, WRONG, "acks=1（leader 接收成功）就是至少一次",
          "acks=1, the leader has it, is at-least-once.",
          "The leader acknowledges before any follower has the record; if it crashes, the record is gone.",
          ("claims/S03_acks_1",)),
    Claim(4, HALF, "acks=all 就是至少一次",
          "acks=all is at-least-once.",
          "Only with retries, min.insync.replicas of at least 2 and no unclean election.",
          ("claims/S04_refuted", "claims/S04_confirmed", "scenarios/P02b_min_isr_2", "scenarios/P05_no_retries")),
    Claim(5, HALF, "all 是 leader 和副本全部接收成功",
          "all: the leader and all replicas have it.",
          "All replicas that are in the ISR, and that may be the leader alone.",
          ("claims/S05_refuted", "claims/S05_confirmed", "claims/S04_refuted")),
    Claim(6, RIGHT, "acks=0（不等待返回消息）就是至多一次",
          "acks=0, no answer is waited for, is at-most-once.",
          "Nothing is ever sent again, so nothing is there twice, and what a broken connection takes along is lost.",
          ("scenarios/P04_no_duplicates", "scenarios/P04_acks_0")),
    Claim(7, WRONG, "enable.auto.commit=true 从 poll 完之后就提交，不关心是否消费完毕，就是至多一次",
          "Auto-commit commits right after poll(), consumed or not: at-most-once.",
          "A later poll() commits what earlier ones handed out: a loop that processes first is at-least-once; other "
          "threads and close() lose.",
          ("claims/S07_at_most_once", "claims/S07_no_loss", "scenarios/C02_auto_commit_worker",
           "scenarios/C03_close_in_finally", "scenarios/C04_exception_swallowed",
           "scenarios/C05_async_before_KAFKA-18641", "scenarios/C24_consumer_of_0_8")),
    Claim(8, RIGHT, "false 需要自己定义提交的逻辑，可以同步或异步",
          "false: you write the commits, synchronous or asynchronous.",
          "Or put the offset into a transaction, or into a store with the result.",
          ("scenarios/C08_at_least_once", "scenarios/C17_store_compares_offset", "scenarios/T01_group_metadata")),
    Claim(9, HALF, "区别在于同步会失败重试",
          "The difference: the synchronous commit is retried when it fails.",
          "It retries retriable errors; CommitFailedException after a rebalance it throws. commitAsync is never sent "
          "again.",
          ("claims/S09_confirmed", "claims/S09_refuted", "scenarios/C07_failed_commit_resent")),
    Claim(10, HALF, "auto.commit.interval.ms 表示自动提交的时间间隔",
          "auto.commit.interval.ms is the interval of auto-commit.",
          "The least one, looked at inside poll() only; close() and rebalances commit at once.",
          ("claims/S10_confirmed", "claims/S10_refuted", "scenarios/C16_zombie")),
    Claim(11, RIGHT, "auto.offset.reset 有三种策略",
          "auto.offset.reset has three policies.",
          "Until 3.9; since 4.0 there is by_duration too. They also decide when an offset is out of range.",
          (SETTINGS + "test_reset_by_duration_came_with_four", "claims/S12_none", "claims/S13_earliest",
           "claims/S14_latest")),
    Claim(12, RIGHT, "none：都有已提交的 offset 则从其后消费；只要有一个分区没有，则抛出异常",
          "none: goes on behind the committed offsets; if one partition has none, an exception.",
          "Of the partitions assigned to the process; and an exception when the offset is out of range.",
          ("claims/S12_none", "scenarios/C09_none_without_offset", "scenarios/C10_none_out_of_range")),
    Claim(13, RIGHT, "earliest：有已提交的 offset 从它开始；无则从头开始",
          "earliest: from the committed offset; without one, from the beginning.",
          "From the log start, and an expired offset is none.",
          ("claims/S13_earliest", "scenarios/C12_offsets_expired_earliest", "scenarios/C13_below_log_start_earliest")),
    Claim(14, RIGHT, "latest：有已提交的 offset 从它开始；无则消费新产生的数据",
          "latest: from the committed offset; without one, only what is new.",
          "So a crash before the first commit skips records.",
          ("claims/S14_latest", "scenarios/C11_latest_before_first_commit", "scenarios/C12_offsets_expired_latest")),
    Claim(15, HALF, "0.11 之前不能实现恰好一次；手动提交需要自己控制逻辑",
          "Before 0.11 exactly-once is impossible; manual commits are yours to get right.",
          "As S02: an offset stored with the result, and compared, needs nothing of 0.11.",
          ("claims/S02_refuted", "scenarios/C17_store_without_comparison")),
    # --- 0.11: idempotence and transactions ---------------------------------------------------------------------------
    Claim(16, WRONG, "幂等提交是 enable.idempotent=true",
          "Idempotence is enable.idempotent=true.",
          "The key is enable.idempotence (the default since 3.0); an unknown key costs a warning and switches nothing "
          "on.",
          ("claims/S16_wrong_key", "claims/S16_right_key", SETTINGS + "test_unknown_name_gets_the_nearest")),
    Claim(17, RIGHT, "每个新的 Producer 初始化时会被分配一个唯一的、不可见的 PID",
          "Each new producer is given a unique PID that the user does not see.",
          "A new process has a new one; with a transactional.id it is the same one under the next epoch.",
          ("scenarios/P09_no_loss", "scenarios/P09_process_restart", "claims/S25_confirmed")),
    Claim(18, RIGHT, "每个 `<Topic, Partition>` 对应一个从 0 开始单调递增的 Sequence Number",
          "Each `<topic, partition>` has sequence numbers from 0 on, growing.",
          "For each producer id and epoch.",
          ("scenarios/P08_gap", "scenarios/P10_two_partitions")),
    Claim(19, HALF, "等于 +1 就写入，小于等于就丢弃，大于 +1 就报错",
          "+1 is written, lower or equal is dropped, beyond +1 is an error.",
          "While the leader remembers the batch, one in 0.11 and five since; without its state it accepts what comes.",
          ("claims/S19_confirmed", "claims/S19_refuted", "scenarios/P06_reply_lost_idempotent",
           "scenarios/P07_older_than_window", "bugs/IDM-03_first_sequence")),
    Claim(20, RIGHT, "保证单个 Producer 对同一个 `<Topic, Partition>` 的 Exactly Once",
          "Exactly-once for one producer and one `<topic, partition>`.",
          "As long as the process lives.",
          ("scenarios/P06_reply_lost_idempotent", "scenarios/P09_process_restart")),
    Claim(21, HALF, "不能保证同一个 Producer 一个 topic 不同 partition 的幂等",
          "The same producer is not idempotent across partitions of a topic.",
          "Each partition has its own sequences and is deduplicated; only what moves to another one, or must be one "
          "unit, is not covered.",
          ("claims/S21_refuted", "claims/S21_confirmed", "scenarios/P12_two_partitions_torn")),
    Claim(22, RIGHT, "设置 transactional.id 后，enable.idempotence 会自动设置为 true",
          "With a transactional.id enable.idempotence is set to true.",
          "And an explicit false is refused.",
          (SETTINGS + "test_transactional_id_implies_idempotence",
           SETTINGS + "test_transactional_id_without_idempotence_is_refused")),
    Claim(23, RIGHT, "isolation.level=read_committed：只会读取已经提交了事务的消息",
          "isolation.level=read_committed: only messages of committed transactions are read.",
          "And those of none, all up to the last stable offset.",
          ("scenarios/C14_aborted_and_open", "broken/read_uncommitted_aborted")),
    Claim(24, HALF, "需要设置 enable.auto.commit=false",
          "The consumer has to set enable.auto.commit=false.",
          "Where its offsets are in a transaction; a consumer that only reads may leave it on.",
          ("claims/S24_confirmed", "broken/auto_commit", "claims/S07_no_loss", "scenarios/C14_aborted_and_open")),
    Claim(25, HALF, "Transaction Coordinator 负责分配 PID，记录事务状态等",
          "The transaction coordinator assigns PIDs and records the state of transactions.",
          "Without transactional.id any broker assigns them; and it also fences, times out and writes markers.",
          ("claims/S25_confirmed", "scenarios/P06_reply_lost_idempotent", "txn_timeout")),
    # --- Flink --------------------------------------------------------------------------------------------------------
    Claim(26, HALF, "Kafka 0.11 及以后只需要开启 Flink 的 checkpoint 恰好一次就行",
          "With Kafka 0.11 or later it is enough to enable Flink's exactly-once checkpoints.",
          "Enough for Flink's state; the output also needs a transactional or idempotent sink, timeouts to match, and "
          "read_committed on both sides.",
          ("claims/S26_confirmed", "claims/S26_refuted", "flink/F18_loss", "flink/F15_transaction_timeout",
           "flink/F33_aborted_input")),
    Claim(27, RIGHT, "因为 Flink 会在状态中保存对 Kafka 消费的 offset",
          "For Flink keeps Kafka's offsets in its state.",
          "And restores them with the state of the same checkpoint.",
          ("claims/S26_confirmed", "flink/F01_state_exactly_once", "flink/F08_group_offset_written_by_others",
           "flink/F36_late_acknowledgement")),
    Claim(28, HALF, "开启了主动设置的 auto.commit.enable=true 就会自动失效",
          "A user's auto.commit.enable=true is then switched off.",
          "By FlinkKafkaConsumer; KafkaSource keeps it. The key is enable.auto.commit.",
          ("claims/S28_confirmed", "claims/S28_refuted", "flink/F05_auto_commit_kept",
           SETTINGS + "test_unknown_name_gets_the_nearest")),
    Claim(29, HALF, "只有开启了 CheckPointing，才会有重启策略",
          "Only with checkpointing is there a restart strategy.",
          "Only the default depends on it; one that is set restarts the job without state.",
          ("claims/S29_confirmed", "claims/S29_refuted")),
    Claim(30, RIGHT, "默认的重启策略是：固定延迟无限重启",
          "The default restart strategy: fixed delay, without end.",
          "Until 1.18, with checkpointing; since 1.19 it is exponential-delay.",
          ("test_claims.py::test_default_restart_strategy",)),
    Claim(31, WRONG, "设置重启策略为：出现异常重启 3 次，隔 5 秒一次",
          "The strategy set here: restart 3 times, every 5 seconds.",
          "fixedDelayRestart(2, 2 s) restarts twice, after 2 seconds; the third failure ends the job.",
          ("claims/S31_third_failure", "claims/S31_three_attempts", "flink/F21_fixed_delay")),
    Claim(32, HALF, "RETAIN_ON_CANCELLATION：异常退出或人为 Cancel，不删除 checkpoint 数据",
          "RETAIN_ON_CANCELLATION keeps checkpoints when the job fails or is cancelled.",
          "In a checkpoint directory; the demo has none, and its checkpoints go with the job manager.",
          ("claims/S32_refuted", "claims/S32_confirmed", "claims/S32_failure_in_memory", "claims/S32_job_fails")),
    Claim(33, HALF, "与 Kafka 整合，一定要设置 Checkpoint 模式为 Exactly_Once",
          "With Kafka the mode has to be set to EXACTLY_ONCE.",
          "It is the default; and AT_LEAST_ONCE differs only where a task has several input channels.",
          ("claims/S33_confirmed", "claims/S33_refuted", "claims/S33_one_channel", "flink/F02_aligned")),
    Claim(34, RIGHT, "earliest：如果没有记录偏移量，第一次从最开始消费",
          "earliest: without a recorded offset the first run begins at the beginning.",
          "Of FlinkKafkaConsumer; KafkaSource has an initializer instead.",
          ("flink/F07_no_loss", "flink/F11_earliest", "flink/F10_kafka_source_default")),
    Claim(35, RIGHT, "enable.auto.commit=false：Kafka 的消费者不自动提交偏移量",
          "enable.auto.commit=false: the consumer does not commit by itself.",
          "It decides only without checkpointing; with it FlinkKafkaConsumer sets false anyway.",
          ("flink/F07_no_loss", "flink/F04_auto_commit_forced_off", "claims/S37_refuted")),
    Claim(36, RIGHT, "Checkpoint 成功后还要向 Kafka 特殊的 topic 中写偏移量（setCommitOffsetsOnCheckpoints）",
          "After a checkpoint the offsets are also written to Kafka's own topic (setCommitOffsetsOnCheckpoints).",
          "After it is complete, without a guarantee, and never read by a restart.",
          ("claims/S42_confirmed", "flink/F08_group_offset_written_by_others", "flink/F11_latest")),
    Claim(37, HALF, "禁用 CheckPointing，则依赖 Kafka 客户端的自动定期偏移量提交",
          "Without checkpointing it relies on the periodic auto-commit of Kafka's client.",
          "If that is on, and then it loses; the demo's own properties switch it off, so nothing commits.",
          ("claims/S37_confirmed", "claims/S37_refuted", "flink/F06_state")),
    Claim(38, RIGHT, "启用 CheckPointing，偏移量记录在 StateBackend 中；true 时 Kafka 中也有一份，false 时只有这一份",
          "With checkpointing offsets are in the state backend; with true in Kafka too, with false only there.",
          "To be exact: in the state of the source, in the checkpoint.",
          ("flink/F08_group_offset_written_by_others", "claims/S42_confirmed", "flink/F11_earliest")),
    Claim(39, WRONG, "`_consumer_offsets` 这个特殊的 Topic",
          "The special topic `_consumer_offsets`.",
          "It is `__consumer_offsets`, with two underscores.",
          ("test_claims.py::test_topic_of_the_offsets_has_two_underscores",)),
    Claim(40, WRONG, "Socket 数据用来人为出现异常，验证重启后是否会再次读之前已读过的数据（Exactly-Once）",
          "An exception in the socket branch shows whether a restart reads again what was read before (exactly-once).",
          "With region failover the Kafka branch never restarts; with full failover print() repeats what the sum "
          "counts once; and the socket's own lines are lost.",
          ("claims/S40_full_failover", "claims/S40_region_failover", "flink/F37_socket_source")),
    Claim(41, RIGHT, "如果任务重启时指定 savePoint 路径，则会从该路径恢复数据",
          "With a savepoint path a restarted job recovers from it.",
          "A submission does; later automatic restarts use newer checkpoints.",
          ("flink/F25_stop_with_savepoint", "flink/F22_file_system", "claims/S32_confirmed")),
    Claim(42, HALF, "如果不指定，会从 `_consumer_offsets` 中查有没有相同 group.id 的偏移量，接着之前的读",
          "Without one it looks up its group's offset in `_consumer_offsets` and reads on from there.",
          "A new submission of FlinkKafkaConsumer does, and a restart before the first checkpoint; after that a "
          "restart uses the checkpoint. KafkaSource begins at the earliest offset.",
          ("claims/S42_confirmed", "claims/S42_before_first_checkpoint", "claims/S42_refuted",
           "flink/F10_kafka_source_default")),
    Claim(43, WRONG, "并未指定 savePoint 路径，为什么还能够恢复数据",
          "So the data are recovered without a savepoint path.",
          "Offsets only: the sum begins at 0, output repeats, and with a transactional sink records are lost.",
          ("claims/S43_state_lost", "claims/S43_records_lost", "flink/F09_new_submission_output",
           "flink/F12b_new_submission_repeats")),
    Claim(44, HALF, "这个程序是 Exactly-Once 的",
          "The demo program is exactly-once.",
          "Its sum is, of all that it reads; what it prints is at-least-once, and aborted input counts.",
          ("claims/restart_demo", "claims/S44_refuted", "flink/F33_aborted_input")),
    Claim(45, RIGHT, "env.getConfig().setRestartStrategy、enableExternalizedCheckpoints、FlinkKafkaConsumer 的用法",
          "The API as it is used: setRestartStrategy, enableExternalizedCheckpoints, FlinkKafkaConsumer.",
          "In its time; FlinkKafkaConsumer and the setters are gone in 2.0.",
          ("test_claims.py::test_the_demo_is_of_its_time",)),
)  # fmt: skip


def expectation(spec: str) -> dict[str, Any]:
    path = SPECS / f"{spec}.yaml"
    found: dict[str, Any] = read_text(path.read_text(), str(path)).root.plain()["expect"]
    return found


def is_test(evidence: str) -> bool:
    return "::" in evidence


def shown(evidence: str) -> str:
    """A link, and what the reader will find there."""
    if is_test(evidence):
        file, _, name = evidence.partition("::")
        return f"settings: [{name}](../../tests/{file})"
    expected = expectation(evidence)
    path = f"{evidence.removeprefix('claims/')}.yaml" if evidence.startswith("claims/") else f"../{evidence}.yaml"
    says = "holds"
    if expected["verdict"] == "violated":
        what = expected["violates"].partition("(")[0]  # Without its arguments.
        says = "comes to a standstill" if what == "deadlock" else f"violates {what}"
    return f"[{Path(evidence).name}]({path}) {says}"


def table() -> str:
    counts = ", ".join(f"{sum(one.verdict == each for one in CLAIMS)} {each}" for each in Verdict)
    lines = [
        "# The document that this project started from, claim by claim",
        "",
        f"Notes on exactly-once in Kafka and Flink, {len(CLAIMS)} claims: {counts}.",
        "",
        "What a claim says of behaviour is shown by specs, in the settings of the document where possible; names and",
        "defaults by tests of the settings tables. `_confirmed` shows the part of a claim that is right, `_refuted`",
        "the part that is not, each by a guarantee that holds or is violated under the claim's assumptions.",
        "Written by `tests/claims.py`; `python -m checker --expect specs/claims` checks the verdicts.",
        "",
        "| | Claim | Verdict | Why | Shown by |",
        "|---|---|---|---|---|",
    ]
    for one in CLAIMS:
        claim, evidence = f"{one.chinese}<br>{one.english}", "<br>".join(map(shown, one.evidence))
        lines.append(f"| {one.row} | {claim} | {one.verdict} | {one.reason} | {evidence} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
