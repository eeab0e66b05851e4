"""Measurements with their floors: each figure is reported beside the least that its steps cost.

Run with `gobi bench`. Nothing here is imported by the product.
"""
