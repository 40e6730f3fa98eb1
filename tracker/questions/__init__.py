"""Questions as a file declares them, read strictly."""

from tracker.questions.load import DEFAULT_LAUNCH, load_questions
from tracker.questions.question import VERDICTS, Metric, Question, Questions

__all__ = ["DEFAULT_LAUNCH", "VERDICTS", "Metric", "Question", "Questions", "load_questions"]
