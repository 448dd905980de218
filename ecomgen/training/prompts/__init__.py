"""Prompts as people type them, in English and Chinese, to teach the text encoder and its readout."""
