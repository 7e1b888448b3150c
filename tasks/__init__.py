"""Prefect tasks: each adapts one domain function; retries and timeouts are declared here."""
