"""The checklist of a training before it is trusted: what is looked at, what a failure means, what to try."""
