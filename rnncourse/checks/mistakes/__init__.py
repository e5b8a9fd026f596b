"""What learners write instead: variants of the references that run, a name and a question each."""
