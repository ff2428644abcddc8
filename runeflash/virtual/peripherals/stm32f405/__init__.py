"""The STM32F405's peripherals, from its reference manual RM0090 (RM), whose chapters are named by title.

A register, a bit or a combination that is not modelled is an error when firmware uses it; so is a peripheral whose
clock RCC does not give.
"""
