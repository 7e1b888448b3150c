"""The Open Inference Protocol v2, so that clients of KServe, Seldon and Triton call a domain as a model of theirs."""
