"""The signs of broken data that every check looks for, the worst that is certain first."""

from monitoring.broken.facts import strange_facts
from monitoring.broken.numbers import no_numbers
from monitoring.broken.sign import Look
from monitoring.broken.silence import silence
from monitoring.broken.spec import another_spec
from monitoring.broken.stuck import near_copies, one_content
from monitoring.broken.unreadable import unreadable

SIGNS: tuple[Look, ...] = (another_spec, unreadable, no_numbers, one_content, near_copies, strange_facts, silence)
