"""The small run of the learner's own tests."""

from tests.learn.conftest import checkpoint, having, questions, run

__all__ = ["checkpoint", "having", "questions", "run"]
