"""What a developer runs; no part of the app."""
