"""Measurements that anyone can repeat with `make bench`: speed, growth, attacks and accidents.

Servers run on one core, what loads them on another; everything is on loopback and in a folder
of its own. It measures the product as it is started in earnest and changes nothing in it.
"""
