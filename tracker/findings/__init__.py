"""What is known of every question at one moment, and whether it still holds."""

from tracker.findings.finding import Finding, answer, findings, walk

__all__ = ["Finding", "answer", "findings", "walk"]
