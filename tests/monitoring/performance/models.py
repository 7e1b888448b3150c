"""Answers of a model that knows how sure it is, for tests of what is estimated of them."""

import numpy as np

from monitoring.performance.unlabelled.known import Known


def answers(random, count, *, centre=0.0):
    """Answers that are right with a probability that falls with the first number of the embedding."""
    embeddings = random.normal(size=(count, 3)) + np.array([centre, 0, 0])
    sure = 1 / (1 + np.exp(embeddings[:, 0] - 2))
    right = random.random(count) < sure
    said = np.clip(sure, 0.02, 0.98)
    first = random.random(count) < 0.5
    probabilities = np.where(first[:, None], np.stack([said, 1 - said], 1), np.stack([1 - said, said], 1))
    truth = np.where(right, probabilities.argmax(1), 1 - probabilities.argmax(1))
    flipped = said < 0.5
    truth = np.where(flipped, 1 - truth, truth).astype(np.int64)
    return Known(probabilities, embeddings, truth, [str(number) for number in range(count)])


def accuracy(known):
    """What is true."""
    return float((known.probabilities.argmax(1) == known.truth).mean())
