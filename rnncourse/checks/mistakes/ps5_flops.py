"""What learners count instead of a step's FLOPs, each mistake as a formula that runs."""

from collections.abc import Callable, Mapping

from rnncourse.checks.declare import Function, Mistake

BLOCKS = {"rnn": 1, "lstm": 4, "gru": 3}
GATES = {"rnn": 1, "lstm": 3, "gru": 2}
SWAPPED = {"rnn": 1, "lstm": 3, "gru": 4}
FLOPS = "costs-flops"
ONLY_PRODUCTS = "Which operations does the exercise count, and which does it leave out?"


def _flops(
    formula: Callable[[int, int, int, int], int], blocks: Mapping[str, int] = BLOCKS
) -> Function:
    """Make a count of FLOPs; the formula sees G, B, I and H."""

    def wrong(cell: str, batch: int, input_size: int, hidden_size: int) -> int:
        return formula(blocks[cell], batch, input_size, hidden_size)

    return wrong


STEP_FLOPS = (
    Mistake(
        "multiply-add-is-one",
        "a count in which a multiplication and an addition together are one",
        "How many FLOPs is a multiply-add in this course?",
        FLOPS,
        _flops(lambda G, B, I, H: B * G * H * (I + H)),
    ),
    Mistake(
        "batch-forgotten",
        "a count for one sequence, whatever the batch",
        "How does the work grow when the batch has twice as many sequences?",
        FLOPS,
        _flops(lambda G, B, I, H: 2 * G * H * (I + H)),
    ),
    Mistake(
        "four-blocks-for-the-gru",
        "a count with four blocks for the GRU as well",
        "Which letters stand for the gates of a GRU, and which for its candidate?",
        FLOPS,
        _flops(lambda G, B, I, H: 2 * B * G * H * (I + H), BLOCKS | {"gru": 4}),
    ),
    Mistake(
        "three-blocks-for-the-lstm",
        "a count with three blocks for the LSTM, as many as for the GRU",
        "Which letters stand for the gates of an LSTM, and which for its candidate?",
        FLOPS,
        _flops(lambda G, B, I, H: 2 * B * G * H * (I + H), BLOCKS | {"lstm": 3}),
    ),
    Mistake(
        "batch-on-the-input-alone",
        "a count in which the batch multiplies the input product alone",
        "Does each sequence have a state of its own?",
        FLOPS,
        _flops(lambda G, B, I, H: 2 * G * H * (B * I + H)),
    ),
    Mistake(
        "batch-on-the-state-alone",
        "a count in which the batch multiplies the recurrent product alone",
        "Does each sequence have an input of its own?",
        FLOPS,
        _flops(lambda G, B, I, H: 2 * G * H * (I + B * H)),
    ),
    Mistake(
        "gates-counted",
        "a count with three blocks for the LSTM and two for the GRU, one for each gate",
        "Which part of a cell takes a product of its own, and is no gate?",
        FLOPS,
        _flops(lambda G, B, I, H: 2 * B * G * H * (I + H), GATES),
    ),
    Mistake(
        "blocks-swapped",
        "a count with three blocks for the LSTM and four for the GRU",
        "Which of the two cells has an output gate?",
        FLOPS,
        _flops(lambda G, B, I, H: 2 * B * G * H * (I + H), SWAPPED),
    ),
    Mistake(
        "one-block",
        "a count with one block for every cell",
        "How many columns has x @ W_x.T when the cell has four blocks?",
        FLOPS,
        _flops(lambda G, B, I, H: 2 * B * H * (I + H)),
    ),
    Mistake(
        "recurrent-product-forgotten",
        "a count of the input product alone",
        "Which product reads the state before the step?",
        FLOPS,
        _flops(lambda G, B, I, H: 2 * B * G * H * I),
    ),
    Mistake(
        "input-product-forgotten",
        "a count of the recurrent product alone",
        "Which product reads the input?",
        FLOPS,
        _flops(lambda G, B, I, H: 2 * B * G * H * H),
    ),
    Mistake(
        "sizes-swapped",
        "a count with the two sizes swapped",
        "Which of the two sizes stands twice in the shape of W_h?",
        FLOPS,
        _flops(lambda G, B, I, H: 2 * B * G * I * (I + H)),
    ),
    Mistake(
        "batch-and-input-swapped",
        "a count with the batch and the input size swapped",
        "In which order does the signature name the sizes?",
        FLOPS,
        _flops(lambda G, B, I, H: 2 * I * G * H * (B + H)),
    ),
    Mistake(
        "square-of-the-sum",
        "a count with a square matrix of I + H rows and columns a block",
        "A block reads I + H numbers. How many does it make?",
        FLOPS,
        _flops(lambda G, B, I, H: 2 * B * G * (I + H) ** 2),
    ),
    Mistake(
        "bias-added",
        "a count that includes the addition of one bias",
        ONLY_PRODUCTS,
        FLOPS,
        _flops(lambda G, B, I, H: B * G * H * (2 * (I + H) + 1)),
    ),
    Mistake(
        "biases-added",
        "a count that includes two additions for the biases, or a multiply-add for one",
        ONLY_PRODUCTS,
        FLOPS,
        _flops(lambda G, B, I, H: B * G * H * (2 * (I + H) + 2)),
    ),
    Mistake(
        "every-parameter-a-multiply-add",
        "a count of one multiply-add for every parameter, the two biases among them",
        "What is a bias multiplied with?",
        FLOPS,
        _flops(lambda G, B, I, H: 2 * B * G * H * (I + H + 2)),
    ),
    Mistake(
        "one-addition-less",
        "a count of n multiplications and n - 1 additions for each sum of n = I + H products",
        "How many FLOPs is a multiply-add in this course, also the first of a sum?",
        FLOPS,
        _flops(lambda G, B, I, H: B * G * H * (2 * (I + H) - 1)),
    ),
    Mistake(
        "two-additions-less",
        "a count with one addition less for each sum, in both products",
        "How many FLOPs is a multiply-add in this course, also the first of a sum?",
        FLOPS,
        _flops(lambda G, B, I, H: B * G * H * (2 * (I + H) - 2)),
    ),
    Mistake(
        "training",
        "a count of a step forward and back: three times the forward pass",
        "Is it the forward step alone that the exercise counts?",
        FLOPS,
        _flops(lambda G, B, I, H: 6 * B * G * H * (I + H)),
    ),
    Mistake(
        "parameters-returned",
        "a count of parameters, with two biases",
        "How often is a weight used when the batch has five sequences?",
        FLOPS,
        _flops(lambda G, B, I, H: G * H * (I + H + 2)),
    ),
)
