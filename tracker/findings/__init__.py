"""What is known of every question at one moment, and whether it still holds."""

from tracker.findings.answering import answer, findings
from tracker.findings.finding import Finding, part, walk

__all__ = ["Finding", "answer", "findings", "part", "walk"]
