"""What learners write instead of an encoder and a decoder, each mistake as a model that runs."""

from typing import Any

from rnncourse.checks.declare import Mistake
from rnncourse.checks.mistakes import ps8_seq2seq_parts as parts

BRIDGED, TRANSLATES = "hybrids-bridge", "hybrids-seq2seq"


def _mistake(slug: str, says: str, asks: str, section: str = TRANSLATES, **changed: Any) -> Mistake:
    return Mistake(slug, f"a model that {says}", asks, section, parts.variant(**changed))


PADDING = "Change a token in the padding of source. Do your logits change?"
END = "A sequence of length 2: how many tokens has your encoder read when you take its state?"
ONE_STATE = "What does the encoder hand over, and what has seen the whole sequence?"
LOGITS = "Which function does the loss apply to the logits, and what is left for the model to do?"
SHIFTED = "Which token does the decoder read at step t, and who has shifted target_in before?"
MEMORY = "What has an LSTM written into its memory before its first step?"
WHICH_VOCABULARY = "Which vocabulary does each of the two embeddings belong to?"
AXES = "Which axis comes first in this course, time or batch, and which comes last?"

SEQ2SEQ = [
    _mistake(
        "state-after-the-padding",
        "takes the encoder's state after the padding",
        PADDING,
        encode=parts.after_the_padding,
    ),
    _mistake(
        "padding-zeroed-but-read",
        "sets the embeddings of the padding to zero and reads them all the same",
        "What does a step on an input of zeros do to a state?",
        encode=parts.padding_zeroed,
    ),
    _mistake(
        "c-after-the-padding",
        "takes h at each sequence's end, and c after the padding",
        "Which of the encoder's two states do its outputs hold, and where is the other?",
        encode=parts.only_c_after_the_padding,
    ),
    _mistake(
        "one-step-early",
        "takes the encoder's state one token before the end",
        END,
        encode=parts.ends(lambda lengths, S: lengths - 1),
    ),
    _mistake(
        "one-step-late",
        "takes the encoder's state one token after the end, where there is one",
        END,
        encode=parts.ends(lambda lengths, S: (lengths + 1).clamp(max=S)),
    ),
    _mistake(
        "batch-order-lost",
        "sorts the batch by length and leaves it so",
        "To which source does your second column of logits belong?",
        encode=parts.in_descending_order,
    ),
    _mistake(
        "source-reversed",
        "reads the source from its last token to its first, as Sutskever et al. (2014) do",
        "In which order does this exercise read the source?",
        encode=parts.reversed_source,
    ),
    _mistake(
        "mean-of-outputs",
        "hands over the mean of the encoder's outputs in place of its last h",
        ONE_STATE,
        encode=parts.mean_of_outputs,
    ),
    _mistake(
        "mean-divided-by-s",
        "hands over the sum of the encoder's outputs, divided by the length of the padded source",
        ONE_STATE,
        encode=parts.mean_with_padding,
    ),
    _mistake(
        "mean-with-padding",
        "hands over the mean of the encoder's outputs, padding included",
        PADDING,
        encode=parts.mean_over_all_steps,
    ),
    _mistake(
        "largest-of-outputs",
        "hands over the largest of the encoder's outputs, unit by unit",
        ONE_STATE,
        encode=parts.largest_of_outputs,
    ),
    _mistake(
        "last-row-of-outputs",
        "takes h from the last row of the unpacked outputs, zero for all shorter sequences",
        "What stands in the last row of the outputs, for a sequence that ended before it?",
        encode=parts.last_row_of_outputs,
    ),
    _mistake(
        "first-row-of-outputs",
        "takes h from the first row of the encoder's outputs",
        END,
        encode=parts.first_row_of_outputs,
    ),
    _mistake(
        "c-is-h",
        "gives the LSTM the GRU's h twice, as h and as c",
        MEMORY,
        BRIDGED,
        bridge=lambda model, h: (h, h),
    ),
    _mistake(
        "c-is-ones",
        "fills the LSTM's c with ones",
        "Which c adds nothing to the first new memory, whatever the forget gate says?",
        BRIDGED,
        bridge=lambda model, h: (h, h.new_ones(h.shape)),
    ),
    _mistake(
        "bridge-swapped",
        "gives the LSTM zeros for h and the GRU's h for c",
        "Which of its two states does an LSTM show to the rest of the network?",
        BRIDGED,
        bridge=lambda model, h: (h.new_zeros(h.shape), h),
    ),
    _mistake(
        "bridge-of-zeros",
        "starts an LSTM from zeros after a GRU",
        "What does the decoder learn of the source?",
        BRIDGED,
        bridge=lambda model, h: (0 * h.detach(), 0 * h.detach()),
    ),
    _mistake(
        "gru-from-c",
        "starts the GRU from the LSTM's c",
        "Which of its two states does an LSTM show to the rest of the network?",
        BRIDGED,
        start=parts.from_c,
    ),
    _mistake(
        "c-left-behind",
        "hands over h alone from LSTM to LSTM, and leaves c behind",
        "From LSTM to LSTM nothing needs a bridge. What travels?",
        BRIDGED,
        start=parts.c_left_behind,
    ),
    _mistake(
        "tanh-of-c",
        "hands over tanh(c) for c",
        "Where in the LSTM's equations does the tanh of c stand, and is it carried?",
        BRIDGED,
        start=parts.c_through_tanh,
    ),
    _mistake(
        "h-and-c-swapped",
        "hands over (c, h) for (h, c)",
        "In which order does torch.nn.LSTM give and take its two states?",
        BRIDGED,
        start=parts.swapped,
    ),
    _mistake(
        "h-squashed",
        "sends the encoder's h through a tanh once more",
        "Which equation gave h, and is anything left to do to it?",
        BRIDGED,
        start=parts.h_through_tanh,
    ),
    _mistake(
        "decoder-starts-from-zeros",
        "starts its decoder from zeros",
        "Change the source. Do your logits change?",
        start=parts.nothing,
    ),
    _mistake(
        "state-detached",
        "detaches the state between encoder and decoder",
        "How does the loss reach the encoder's parameters?",
        start=parts.detached,
    ),
    _mistake(
        "state-not-carried",
        "starts its decoder from the encoder's state again at every step",
        "What does the decoder know of its step before?",
        decode=parts.from_the_start_at_each_step,
    ),
    _mistake(
        "context-at-each-step",
        "adds the encoder's state to the decoder's output at every step",
        "Where in this model does the source come in, and how often?",
        decode=parts.context_at_each_step,
    ),
    _mistake(
        "own-tokens",
        "reads its own best token in place of the next one of target_in",
        "Which token does the decoder read at step t while it is trained?",
        forward=parts.free_running,
    ),
    _mistake(
        "shifted-again",
        "puts token 0 before target_in and drops its last token",
        SHIFTED,
        look_up_target=parts.shifted_again,
    ),
    _mistake(
        "last-token-dropped",
        "drops the last token of target_in",
        SHIFTED,
        look_up_target=lambda model, target: parts.right().look_up_target(model, target[:-1]),
    ),
    _mistake(
        "first-token-dropped",
        "drops the first token of target_in",
        SHIFTED,
        look_up_target=lambda model, target: parts.right().look_up_target(model, target[1:]),
    ),
    _mistake(
        "embeddings-swapped",
        "looks up the source in the target's embedding, and the target in the source's",
        WHICH_VOCABULARY,
        look_up=lambda model, source: model.target_embedding(source),
        look_up_target=lambda model, target: model.source_embedding(target),
    ),
    _mistake(
        "source-embedding-for-both",
        "looks up both in the source's embedding",
        WHICH_VOCABULARY,
        look_up_target=lambda model, target: model.source_embedding(target),
    ),
    _mistake(
        "target-embedding-for-both",
        "looks up both in the target's embedding",
        WHICH_VOCABULARY,
        look_up=lambda model, source: model.target_embedding(source),
    ),
    _mistake(
        "softmax",
        "returns probabilities for logits",
        LOGITS,
        answer=parts.answers(lambda logits: logits.softmax(-1)),
    ),
    _mistake(
        "log-softmax",
        "returns log-probabilities for logits",
        LOGITS,
        answer=parts.answers(lambda logits: logits.log_softmax(-1)),
    ),
    _mistake(
        "softmax-over-time",
        "returns a softmax over the steps",
        LOGITS,
        answer=parts.answers(lambda logits: logits.softmax(0)),
    ),
    _mistake(
        "relu-before-output",
        "sends the decoder's states through a ReLU before the output layer",
        "What does the output layer learn of a negative h?",
        answer=lambda model, hs: model.output(hs.relu()),
    ),
    _mistake(
        "batch-first",
        "returns logits with the batch first, (B, T, V)",
        AXES,
        answer=parts.answers(lambda logits: logits.transpose(0, 1)),
    ),
    _mistake(
        "vocabulary-before-time",
        "returns logits (B, V, T), as torch's cross_entropy takes them",
        AXES,
        answer=parts.answers(lambda logits: logits.permute(1, 2, 0)),
    ),
    _mistake(
        "flattened",
        "returns logits with time and batch in one axis, (TB, V)",
        AXES,
        answer=parts.answers(lambda logits: logits.flatten(0, 1)),
    ),
    _mistake(
        "last-step-only",
        "returns the logits of the last step alone",
        "For how many tokens does the decoder make a guess?",
        answer=parts.answers(lambda logits: logits[-1]),
    ),
]
