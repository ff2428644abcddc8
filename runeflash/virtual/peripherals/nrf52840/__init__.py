"""The nRF52840's peripherals, from its Product Specification (PS) v1.7.

A register, a bit or a combination that is not modelled is an error when firmware uses it.
"""
