"""The demo: invented people of every role, and a synthetic cohort of any size. Only ever in a database marked as demo.

`histories` is pure (what happened to patient i), `cast` the people, `load` writes both into the tables.
"""
