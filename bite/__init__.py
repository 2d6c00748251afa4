"""Does the suite bite? Plants faults, one at a time, each in a fresh copy of the checkout, and runs the tests that
should notice it: `make bite`. The faults are data, in bite/faults/; what came of them stands in docs/bite.md.
"""
