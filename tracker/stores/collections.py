"""The names of what the tracker keeps in a MongoDB beside Sacred's own fields and collections."""

from __future__ import annotations

BINDINGS = "tracker_runs"  # {_id: identity of a run, run: its number in `runs`}
LEASES = "tracker_leases"  # {_id: key of the work, generation, beats, holder, outcome, ..}
POINTS = "tracker_points"  # all points of a long metric, in chunks: {run: identity, name, chunk, steps, ..}
QUESTION_TAG = "question:"  # begins the tags of Omniboard that the tracker keeps; all others are the user's
THINNED = "thinned"  # in a document of `metrics`: it holds some points, and all stand in the chunks
CUTS = "cuts"  # in the same, and in a chunk: how often the run had gone on, where it ever did

# facts in a document of `runs` that tell how far the copy of the run's folder has come
MIRRORS = ("events", "copied")
EVENTS = "info.tracker.events"  # bytes of the journal
COPIED = "info.tracker.copied"  # bytes of the output, number of the metrics
