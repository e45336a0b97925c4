"""What an attacker, a clumsy reader or a power cut does, and what becomes of it.

Payloads are the grids of tests/data/hostile_markup.py. Nothing leaves loopback, and only what was
started here is killed.
"""
