"""Transcript bytes → entries and figures: a total parser for what Claude Code writes.

The law: any bytes give entries; no line is dropped, and none stops the rest.
"""
