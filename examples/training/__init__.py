"""Trains the models of the examples, on numpy alone: ``python -m examples.training`` from the project's top.

Needs the packages of the extras ``dev`` and ``reference`` (``make setup``). Takes one to two minutes on one core.
"""
