"""A deposed coordinator: it may refuse what it likes, but what it confirms must have happened.

Follows TransactionCoordinator.endTransaction on a broker that has lost the state log's partition and does not know yet:
it answers from its cache. Whatever needs an append fails (its followers refuse the old leader epoch: NOT_COORDINATOR),
what needs none is not protected.
Not modelled: its answers to AddPartitionsToTxn, to verification and to InitProducerId; more than one transactional id.
"""

from checker.lang import Volatile, action, actor, on, require, send
from model.kafka.transactions.messages import (
    NO_EPOCH,
    EndTxnRequest,
    EndTxnResponse,
    Epoch,
    Error,
    Resignation,
    TransactionResult,
    TransactionState,
)

COMPLETE = (TransactionState.COMPLETE_COMMIT, TransactionState.COMPLETE_ABORT)


@actor
class DeposedCoordinator:
    # Protocol generations: protocol.CHANGES says which version has what.
    bumps_epoch_at_end: bool = False

    epoch: Volatile[Epoch] = NO_EPOCH  # Without one it knows that it is deposed.
    state: Volatile[TransactionState] = TransactionState.EMPTY

    @on(Resignation)
    def keep_cache(self, message: Resignation) -> None:
        """The election of another leader, which this one does not hear of."""
        self.epoch = message.epoch
        self.state = message.state

    @action
    def resign(self) -> None:
        require(self.epoch != NO_EPOCH)
        self.epoch = NO_EPOCH
        self.state = TransactionState.EMPTY

    @on(EndTxnRequest)
    def end_transaction(self, request: EndTxnRequest) -> None:
        commit = request.result == TransactionResult.COMMIT
        outcome = TransactionState.COMPLETE_COMMIT if commit else TransactionState.COMPLETE_ABORT
        retry = self.bumps_epoch_at_end and self.state in COMPLETE and self.epoch == request.epoch + 1
        error = Error.INVALID_TXN_STATE
        if self.epoch == NO_EPOCH:
            error = Error.NOT_COORDINATOR
        elif request.epoch != self.epoch and not retry:
            error = Error.PRODUCER_FENCED
        elif self.state not in COMPLETE or (self.bumps_epoch_at_end and not retry and not commit):
            error = Error.NOT_COORDINATOR
        elif self.state == outcome and (retry or not self.bumps_epoch_at_end):
            error = Error.NONE
        told = self.epoch if self.bumps_epoch_at_end and error == Error.NONE else NO_EPOCH
        send(request.client, EndTxnResponse(error, request.correlation, request.producer_id, told))
