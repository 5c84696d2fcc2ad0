"""Do decoder and JSON Schema give one answer? Events near the contract, made at random, and what both say of them."""
