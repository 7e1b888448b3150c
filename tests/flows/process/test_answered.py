"""What a flow has come to is shown before it ends."""

from flows.process.answered import answer, answers_shown


def test_answers_shown__within_the_block():
    """Each answer is shown as it comes, by who listens then."""
    seen = []
    with answers_shown(lambda found: seen.append((found, len(shown)))) as shown:
        answer("first")
        assert seen == [("first", 1)]
    answer("later")
    assert shown == ["first"]
