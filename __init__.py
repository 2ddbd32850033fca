"""Doxa."""
