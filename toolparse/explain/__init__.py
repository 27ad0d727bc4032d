"""How an output was read, as a picture: what each stretch is, what was held when, what is wrong, and which format fits.

reading.py    reads an output and keeps what it said when, and where everything stands
comparing.py  reads it with every format
terminal.py   the picture as coloured lines, or as plain ones
output.py     the output in HTML, for a page
page.py       the picture as one HTML file that needs nothing else
"""
