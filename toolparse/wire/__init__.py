"""What marks on the wire look like: markers and their beginnings, headers, fences, names, ids, and the call that is open.

Knows the grammar; decides nothing about a turn.
"""
