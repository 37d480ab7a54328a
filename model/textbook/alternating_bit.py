"""The alternating bit protocol: over lines that lose frames, the receiver gets the sender's values in their order.

Follows AlternatingBit.tla (Specifying Systems). Its two queues are the two fifo links. There any frame of a queue may
be lost, here the oldest one; there both bits may start as 1, here they start as 0.
Not modelled: damaged and duplicated frames.
"""

from __future__ import annotations

from typing import Annotated

from checker.lang import (
    ActorId,
    Below,
    Between,
    Durable,
    action,
    actor,
    anything,
    choose,
    message,
    on,
    predicate,
    require,
    send,
)

Bit = Annotated[int, Below(2)]
Datum = Annotated[int, Below("data")]


@message
class Frame:
    bit: Bit
    datum: Datum


@message
class Acknowledgement:
    bit: Bit


@actor
class Sender:
    receiver: ActorId
    data: Annotated[int, Between(1, "data")]

    bit: Durable[Bit] = 0
    acknowledged: Durable[Bit] = 0
    sent: Durable[Datum] = anything()

    @action
    def send_new_value(self) -> None:
        require(self.acknowledged == self.bit)
        datum = choose(range(self.data))
        self.sent = datum
        self.bit = 1 - self.bit
        send(self.receiver, Frame(self.bit, datum))

    @action
    def resend(self) -> None:
        require(self.acknowledged != self.bit)
        send(self.receiver, Frame(self.bit, self.sent))

    @on(Acknowledgement)
    def take_acknowledgement(self, acknowledgement: Acknowledgement) -> None:
        self.acknowledged = acknowledgement.bit


@actor
class Receiver:
    sender: ActorId

    bit: Durable[Bit] = 0
    received: Durable[Datum] = anything()

    @on(Frame)
    def take_frame(self, frame: Frame) -> None:
        self.bit = frame.bit
        self.received = frame.datum

    @action
    def acknowledge(self) -> None:
        send(self.sender, Acknowledgement(self.bit))


@predicate
def received_as_sent(sender: Sender, receiver: Receiver) -> bool:
    """A receiver that shows the current bit of a value on its way holds that value."""
    return sender.acknowledged == sender.bit or receiver.bit != sender.bit or receiver.received == sender.sent


@predicate
def no_false_acknowledgement(sender: Sender, receiver: Receiver) -> bool:
    """A value that counts as acknowledged, after the first one was sent, has arrived."""
    return sender.acknowledged != sender.bit or receiver.bit == sender.bit


@predicate
def delivered(sender: Sender, receiver: Receiver) -> bool:
    """The receiver has a new value and the sender does not know it yet."""
    return sender.acknowledged != sender.bit and receiver.bit == sender.bit
