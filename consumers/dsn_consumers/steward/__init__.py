"""What a steward does: look at questions, decide, and see why and since when things are as they are."""
