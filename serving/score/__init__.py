"""Batch scoring: any number of files through the engine of the service, into log, table or stream."""
