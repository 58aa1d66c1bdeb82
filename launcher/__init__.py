"""Runs the complete site on one machine: `manage.py up`.

`site` is the order of events: `preflight` checks, `postgres` and `valkey` start the servers, `preparation` migrates and
collects static files, `parts` defines the processes, `readiness` waits for them, and `supervisor` keeps them running.
`console` and `output` print. Production does not use this package, and no other package imports it.
"""
