"""`make test`: the parts of the test run, and the summary that closes it."""
