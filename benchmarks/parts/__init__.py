"""What limits a publish: its parts, as bare as they can be written, each upon those before it."""
