"""The demo world: one believable day at 绿原合作社, as data (docs/demo-day.md tells it)."""
