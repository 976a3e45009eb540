"""Metrics: counts of one document first, ratios of summed counts last."""
