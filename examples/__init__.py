"""Examples of runeflash: two pipelines, how their models were trained, and a demonstration."""
