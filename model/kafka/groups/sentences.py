"""What each step is, in a sentence about its actor, for a reader who has not seen the model.

Keys are class and method. A sentence is true whatever the step comes to: what was decided stands under it, in fields.
"""

SENTENCES = {
    "Consumer": {
        "come_back": "The process is started again, with nothing in memory.",
        "start": "It joins the group.",
        "adopt_assignment": "It hears which partitions it has.",
        "adopt_epoch": "It hears which partitions it has, and which it has to give up.",
        "heartbeat": "It hears that the group is changing, or that it is no member of it any more.",
        "see_partition": "It hears that the topic has a new partition.",
        "refresh_committed_offsets": "It hears which offsets its group has committed, if any.",
        "seek_to_stored_offsets": "It reads on from the offset that is stored with the results.",
        "reset_position": "It has no committed offset, and begins where auto.offset.reset says.",
        "poll": "The application calls poll().",
        "collect_fetch": "Records arrive and wait for the next poll().",
        "commit_in_other_thread": "Offsets are committed in the background, whatever the application is doing.",
        "process": "The application processes the next record, or hands it to a producer or another thread.",
        "work": "A record is done: the producer has written it, or a worker thread has processed it.",
        "write": "It writes the result of a record to the external store.",
        "written": "It hears whether the store has the result.",
        "fail_to_process": "Processing the record fails with an exception.",
        "exceed_poll_interval": "max.poll.interval.ms passes while the application is busy: it leaves the group.",
        "offsets_committed": "It hears whether its offsets were committed.",
        "repeat_request": "No answer has come: it sends its request again.",
        "resend_failed_commit": "The application sends a commit once more that has failed: with the old offset.",
    },
    "GroupCoordinator": {
        "join_group": "A member asks to join.",
        "complete_join": "It waits no longer for members: the new generation begins.",
        "sync_group": "Every member is told which partitions it has.",
        "heartbeat": "A member joins, or says what it has given up.",
        "refuse_heartbeat": "It tells a member that it has no place in the group any more.",
        "reconcile": "A member is told what to give up, or what it has now.",
        "expire_session": "It has heard nothing of a member for session.timeout.ms, and takes it for dead.",
        "leave_group": "A member leaves.",
        "commit_offsets": "It is asked to commit offsets: from a member that is none any more it takes nothing.",
        "fetch_offsets": "It is asked which offsets the group has committed.",
        "expire_offsets": "The group has been empty for long: its offsets are deleted.",
        "load": "Another broker takes over as coordinator: it knows what was written to the log, and nothing else.",
    },
    "InputPartition": {
        "create": "The topic gets this partition.",
        "append": "Somebody writes the next record.",
        "outlive_duration": "The records grow older than auto.offset.reset's duration.",
        "delete_records": "Retention deletes the oldest records, read or not.",
        "fetch": "It is asked for records.",
        "list_offsets": "It is asked where it begins or ends.",
    },
    "ExternalStore": {
        "read": "It is asked for the stored offset.",
        "write": "It is asked to store a result.",
    },
}
