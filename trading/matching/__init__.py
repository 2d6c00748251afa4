"""The pure matching core: commands in, events out.

No framework, no I/O, no clock, no chance: the same commands give the same events on any machine. Prices are
integers in ticks, quantities integers in lots. `decide` looks at a book and answers with events or a
refusal and changes nothing; `Book.apply` is the only thing that changes a book, live and in replay alike.
"""
