"""QLoRA fine-tuning as one of the systems under test: from the train split to an adapter directory."""
