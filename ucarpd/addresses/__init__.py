"""Addresses: who puts them there, and takes them away."""
