"""What stops grading as a whole. What is wrong with one submission goes into its result."""


class GradingError(Exception):
    """Grading cannot start; the message is one line that says what to do."""
