"""Parts of the settings by subject. `instagram.settings` reads the environment variables and combines the parts."""
