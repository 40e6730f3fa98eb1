"""What the source documents claim, item by item, and where each is tested: docs/syllabus.md."""
