"""What each step is, in a sentence about its actor, for a reader who has not seen the model.

Keys are class and method. A sentence is true whatever the step comes to: what was decided stands under it, in fields.
"""

SENTENCES = {
    "Controller": {
        "fence": "It notices that a broker is down, and gives its partitions to others.",
        "time_out_session": "It takes a slow broker for dead: its session has timed out. The broker does not know.",
        "unfence": "The broker that it had given up sends heartbeats again, and may serve again.",
        "register": "A broker that was started again reports to it.",
        "alter_partition": "The leader asks it to change which replicas count as in sync.",
        "elect_preferred_leader": "It gives the partition back to its preferred leader.",
    },
    "Producer": {
        "send_batch": "It sends a record to the broker that it takes for the leader.",
        "write_request": "The connection takes the request that waits for it, with what is in its buffer by now.",
        "count_as_sent": "acks=0: the application hears of success without any answer from a broker.",
        "receive": "It hears whether its record was appended.",
        "break_connection": "No answer comes: it gives up the connection, and what it had sent there counts as failed.",
        "lose_connection": "It notices that the broker has been away: whatever it had sent there counts as failed.",
        "expire_batch": "delivery.timeout.ms passes: it tells the application that the record failed.",
        "miss_topic": "For a moment the metadata has no such topic.",
        "start_again": "The application is started again.",
    },
    "Replica": {
        "produce": "It is asked to append a record.",
        "become_ready": "It hears that it leads the partition, which its clients know already.",
        "expire_producer_state": "It forgets what it knew of a producer that it takes for idle.",
        "delete_by_retention": "Old records are deleted, as retention says.",
        "clean": "Its log cleaner runs: of each key the last record stays, and a deletion goes when it is old enough.",
        "hear_progress": "A replica says up to where it has compacted.",
        "hear_removal_bound": "It hears up to where all replicas have compacted: deletions below may go.",
        "fetch": "A follower asks for what comes next, and so tells how far it has got.",
        "tell_end_of_epoch": "A follower asks where an earlier leader's records end, to drop what it has too much.",
        "shrink_isr": "A follower has lagged for replica.lag.time.max.ms: it does not count as in sync any more.",
        "notice_unfenced": "It hears that a broker is back.",
        "replicate": "It copies what the leader sent into its own log, or drops from it what the leader does not have.",
        "truncate_by_epoch": "It drops from its log what the leader does not have.",
        "receive_metadata": "It hears from the controller who leads, and which replicas are in sync.",
        "recover": "It is started again, and reads its log. If the power had failed, the end of it may be missing.",
        "publish_metadata": "It acts on all that it has heard from the controller since the last time.",
    },
}
