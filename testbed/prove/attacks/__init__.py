"""What attackers send to a service: tables of attacks by kind, and what must come of each."""
