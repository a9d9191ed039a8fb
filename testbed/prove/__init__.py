"""Proofs: what Godwit promises, checked from outside against the binary. `../prove.py` runs them.

Nothing of Godwit judges itself here: sources are asked through their own clients, destinations through PyArrow and
PyIceberg, and every checker is shown damaged evidence, too, at which it must turn red.
"""
