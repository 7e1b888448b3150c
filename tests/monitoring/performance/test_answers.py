"""Rows of the log as answers."""

import numpy as np
import pandas as pd

from monitoring.performance.answers import answers_of


def test_answers_of__distinct_and_usable(rows):
    """What failed is left out, and a sample that was asked for again counts as it was first."""
    frame = rows(np.array([True, True, True, False]))
    frame.loc[1, "error"] = "unreadable"
    frame.loc[3, "hash"] = "h0"
    found = answers_of(frame, ["a", "b"])
    assert list(found.rows["hash"]) == ["h0", "h2"]
    assert list(found.rows["label"]) == ["a", "a"]
    assert (len(found), found.classes) == (2, ("a", "b"))


def test_blocks__session_group_or_itself(rows):
    """A session comes first; one group in no session, and a sample of neither; nothing is taken for another."""
    frame = rows(np.ones(5, bool)).assign(session=["x", "x", "", None, None], group=["g", None, "x", "x", None])
    found = answers_of(frame, ["a", "b"]).blocks
    assert found == ["session/x", "session/x", "group/x", "group/x", "hash/h4"]
    assert answers_of(frame[["hash", "error"]], ["a"]).blocks == [f"hash/h{place}" for place in range(5)]


def test_judged__strange_classes(rows):
    """A class that the champion has never heard of has no probability, so that it cannot be right."""
    frame = rows(np.array([True, False]), confidence=np.array([0.8, 0.6]))
    frame["label"] = ["a", "new"]
    found = answers_of(frame, ["a", "b"]).judged(np.array([1.0, 2.0]))
    assert (found.classes, found.unknown) == (("a", "b", "new"), ("new",))
    np.testing.assert_allclose(found.probabilities, [[0.8, 0.2, 0], [0.6, 0.4, 0]])
    assert (list(found.truth), list(found.weights)) == ([0, 2], [1.0, 2.0])
    assert found.groups == ["hash/h0", "hash/h1"]


def test_answers__columns(rows):
    """Confidence is the largest probability; embeddings and labels are the log's."""
    frame = rows(np.ones(2, bool), confidence=np.array([0.3, 0.6]), labelled=np.array([True, False]))
    found = answers_of(frame.assign(embedding=[[1.0, 2.0], [3.0, 4.0]]), ["a", "b"])
    np.testing.assert_allclose(found.confidence, [0.7, 0.6])
    np.testing.assert_allclose(found.embeddings, [[1, 2], [3, 4]])
    assert list(found.labelled) == [True, False]
    assert list(found.take(np.array([1])).rows["hash"]) == ["h1"]
    pd.testing.assert_frame_equal(found.take(found.labelled).rows, found.rows.iloc[[0]])
