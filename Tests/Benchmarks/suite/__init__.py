"""The benchmark of Apus: everything is measured beside its peers in one run, reported and never asserted."""
