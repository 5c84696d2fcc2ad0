"""The console's JSON API: what the pages show and do, for programs."""
