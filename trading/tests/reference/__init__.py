"""A matching engine as naive as can be: plain lists, sorted anew for every trade, everything else looked for again.

It shares no code with trading/matching and is slow on purpose, so that what it does can be seen at a glance.
The fast core must agree with it command by command. Prices are in ticks, quantities in lots, times in
milliseconds. States, reasons and refusals are plain words, as the events and the list of errors spell them.
"""
