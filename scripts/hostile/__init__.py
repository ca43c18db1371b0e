"""What scripts/attack is made of: raw HTTP/2, the attacks, a caller who behaves, the service."""
