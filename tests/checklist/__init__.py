"""A numbered checklist for services of this kind. tests/checklist.md lists its tests."""
