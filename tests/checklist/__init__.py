"""What a service of this kind is to hold, by number: tests/checklist.md says where each is held."""
