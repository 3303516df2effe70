"""Model families on stock transformers classes: rendering, expansion, positions, forward."""
