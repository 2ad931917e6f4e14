"""What a service of this kind is expected to hold, by number: tests/checklist.md says where each."""
